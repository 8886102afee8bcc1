import type { ComponentChildren } from "preact";
import { goTo } from "./go-to.ts";
import { formatPlace, type Place } from "./place.ts";

interface PlaceLinkProps {
  readonly to: Place;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A link to another view's place, that can also be opened in a tab of its own. */
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
