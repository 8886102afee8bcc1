import { formatPlace, type Place } from "./place.ts";

/** Goes to a place in another view, like a link of the navigation. */
export function goTo(place: Place): void {
  history.pushState(null, "", `${location.pathname}${formatPlace(place)}`);
  // This also informs the listeners of the back button.
  window.dispatchEvent(new PopStateEvent("popstate"));
}
