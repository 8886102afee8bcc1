import type { PointTags } from "../domain/point.ts";

/** The fields of a point that search and filters use. */
export interface FindablePoint {
  readonly id: number;
  readonly name: string;
  readonly label: string | null;
  /** normalised symbol */
  readonly unit: string | null;
  /** the upstream's spelling of the unit */
  readonly unitRaw: string | null;
  readonly tags: PointTags;
  /** name of the BACnet device */
  readonly device: string | null;
  /** cadence: seconds between samples */
  readonly intervalS: number | null;
}
