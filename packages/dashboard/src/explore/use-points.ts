import { useEffect, useRef, useState } from "preact/hooks";
import { fetchPoints, type Point } from "../api/points.ts";

const FOUND_BY_NAME = 20;

/** Points by name, from lists that the page has loaded. */
export interface PointBook {
  readonly find: (name: string) => Point | undefined;
  /** Adds a loaded list. */
  readonly learn: (points: readonly Point[]) => void;
}

/** Points by name; loads the names that are in no list yet. */
export function usePointBook(site: string, names: readonly string[]): PointBook {
  const known = useRef(new Map<string, Point>());
  const asked = useRef(new Set<string>());
  const [, setRound] = useState(0);
  const learn = (points: readonly Point[]) => {
    const fresh = points.filter(({ name }) => !known.current.has(name));
    for (const point of fresh) known.current.set(point.name, point);
    if (fresh.length > 0) setRound((round) => round + 1);
  };
  const lacking = names.filter((name) => !known.current.has(name) && !asked.current.has(name));
  useEffect(() => {
    const find = async (name: string) => {
      asked.current.add(name);
      try {
        const { points } = await fetchPoints(
          site,
          { search: name.slice(0, 200) },
          FOUND_BY_NAME,
          new AbortController().signal,
        );
        learn(points);
      } catch {
        // The chart's own request reports the error; without this one a point only lacks its label.
      }
    };
    for (const name of lacking) void find(name);
  }, [lacking.join(" ")]);
  return { find: (name) => known.current.get(name), learn };
}

/** The newest of the API's times, epoch ms; null: none is known. */
export function newestOf(times: readonly (string | null)[]): number | null {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]));
  return known.length === 0 ? null : Math.max(...known);
}
