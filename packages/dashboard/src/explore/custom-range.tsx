import { useRef, useState } from "preact/hooks";
import type { Span } from "../chart/span.ts";
import { instantOf, wallOf } from "../time/zone-time.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";

interface CustomRangeProps {
  readonly span: Span;
  readonly zone: string;
  /** whether a custom range is shown */
  readonly isChosen: boolean;
  /** the button's text */
  readonly label: string;
  readonly onSpan: (span: Span) => void;
}

/** A form for a range by the site's clock. */
export function CustomRange({ span, zone, isChosen, label, onSpan }: CustomRangeProps) {
  const from = useRef<HTMLInputElement>(null);
  const to = useRef<HTMLInputElement>(null);
  const [error, setError] = useState("");
  const shown = (time: number) => new Date(wallOf(zone, time)).toISOString().slice(0, 16);
  const chosen = (input: HTMLInputElement | null) => instantOf(zone, Date.parse(`${input?.value ?? ""}Z`));
  return (
    <Popover label={label} button={`button range-button${isChosen ? " chosen" : ""}`} icon={<Icon name="down" />}>
      {(close) => (
        <form
          class="stack range-form"
          onSubmit={(event) => {
            event.preventDefault();
            const [start, end] = [chosen(from.current), chosen(to.current)];
            if (!(start < end)) return setError("The end must be after the start.");
            setError("");
            onSpan({ start, end });
            return close();
          }}
        >
          <label class="field">
            <span>From</span>
            <input ref={from} class="input" type="datetime-local" required defaultValue={shown(span.start)} />
          </label>
          <label class="field">
            <span>To</span>
            <input ref={to} class="input" type="datetime-local" required defaultValue={shown(span.end)} />
          </label>
          <p class="quiet">By the site's clock: {zone}</p>
          {error !== "" && (
            <p class="field-error" role="alert">
              {error}
            </p>
          )}
          <button type="submit" class="button primary">
            Show
          </button>
        </form>
      )}
    </Popover>
  );
}
