import type { Point } from "../api/points.ts";

const SHOWN_PARTS = 2;

/** A point's name on the page: its label, or the end of its name, which distinguishes it from its neighbours. */
export function pointTitle(name: string, point: Pick<Point, "label"> | undefined): string {
  const label = point?.label ?? "";
  // Labels often have a device's name and an object's, which starts with the device's again.
  const [device = "", object, ...others] = label.split(" ");
  if (object?.startsWith(`${device}.`) === true && others.length === 0) return object;
  if (label !== "") return label;
  const parts = name.split("/");
  const last = parts.at(-1) ?? name;
  // Niagara's names have their path in the last part.
  const dotted = last.split(".").filter((part) => part !== "points");
  if (dotted.length > SHOWN_PARTS) return dotted.slice(-SHOWN_PARTS).join(" ");
  // The first two parts are the client and the site.
  return parts.length > SHOWN_PARTS + 1 ? parts.slice(-Math.min(SHOWN_PARTS + 1, parts.length - 2)).join("/") : name;
}
