import { useCallback, useEffect, useState } from "preact/hooks";
import { formatPlace, parsePlace, type Place } from "./place.ts";

/** `push` adds an entry for the back button; `replace` corrects the address. */
export type Navigation = "push" | "replace";

/** The page's place, and a function that changes it. */
export function usePlace(): readonly [Place, (place: Place, how: Navigation) => void] {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const onPop = () => setSearch(location.search);
    window.addEventListener("popstate", onPop);
    return () => window.removeEventListener("popstate", onPop);
  }, []);
  const go = useCallback((place: Place, how: Navigation) => {
    const next = formatPlace(place);
    if (next !== formatPlace(parsePlace(location.search))) {
      const address = `${location.pathname}${next}`;
      if (how === "push") history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    }
    setSearch(next);
  }, []);
  return [parsePlace(search), go];
}
