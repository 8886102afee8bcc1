import type { ComponentChildren } from "preact";
import { goTo } from "./go-to.ts";
import { formatPlace, type Place } from "./place.ts";

interface PlaceLinkProps {
  readonly to: Place;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A link to a place in another view, which can also open in a new tab. */
export function PlaceLink({ to, class: name, children }: PlaceLinkProps) {
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a class={name} href={formatPlace(to) || "/"} onClick={onClick}>
      {children}
    </a>
  );
}
