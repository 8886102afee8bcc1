import { formatPlace, type Place } from "./place.ts";

/** Goes to another view's place, as a link of the navigation does. */
export function goTo(place: Place): void {
  history.pushState(null, "", `${location.pathname}${formatPlace(place)}`);
  // What follows the back button follows this.
  window.dispatchEvent(new PopStateEvent("popstate"));
}
