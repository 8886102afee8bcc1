import type { Point } from "../api/points.ts";

const SHOWN_PARTS = 2;

/** What a point is called on the page: its label, else the end of its name, which tells it from its neighbours. */
export function pointTitle(name: string, point: Pick<Point, "label"> | undefined): string {
  const label = point?.label ?? "";
  // Labels are often a device's name and an object's, which begins with the device's again.
  const [device = "", object, ...others] = label.split(" ");
  if (object?.startsWith(`${device}.`) === true && others.length === 0) return object;
  if (label !== "") return label;
  const parts = name.split("/");
  const last = parts.at(-1) ?? name;
  // Niagara's names have their path in the last part.
  const dotted = last.split(".").filter((part) => part !== "points");
  if (dotted.length > SHOWN_PARTS) return dotted.slice(-SHOWN_PARTS).join(" ");
  // The first two are the client and the site.
  return parts.length > SHOWN_PARTS + 1 ? parts.slice(-Math.min(SHOWN_PARTS + 1, parts.length - 2)).join("/") : name;
}
