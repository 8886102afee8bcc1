import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface PopoverProps {
  readonly label: string;
  /** the button's classes */
  readonly button: string;
  readonly icon?: ComponentChildren;
  readonly children: (close: () => void) => ComponentChildren;
}

/** A button that opens a panel below it. Escape, a click outside, or moving the focus out closes it. */
export function Popover({ label, button, icon, children }: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) return;
    root.current?.querySelector<HTMLElement>(".popover :is(input, button, select)")?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [isOpen]);
  return (
    <div
      ref={root}
      class="popover-root"
      onKeyDown={(event) => {
        if (event.key === "Escape" && isOpen) close();
      }}
    >
      <button
        ref={opener}
        type="button"
        class={button}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {label}
        {icon}
      </button>
      {isOpen && (
        <div id={id} class="popover">
          {children(close)}
        </div>
      )}
    </div>
  );
}
