import { monthDays } from "../domain/month.ts";

/** Rows of a part: 180 points at a sample a minute, about 8 s of CPU of the 30 that a step has. */
export const PART_ROWS = 8_000_000;

/** Points packed in one step, which takes some seconds of CPU; a multiple of the points of a row of `block_days`. */
export const MAX_POINTS_PER_STEP = 2_048;

/** A build of one month of one site. */
export interface MonthBuild {
  /** names the build in `staging/`; builds never share it, and a resumed build keeps it */
  readonly build: string;
  readonly site: { readonly id: number; readonly name: string };
  /** whole months since January 1970, UTC */
  readonly month: number;
}

/** A day file that a month is made from. */
export interface MonthSource {
  /** whole days since 1970-01-01, UTC */
  readonly day: number;
  readonly key: string;
  readonly etag: string;
  /** of the whole object */
  readonly bytes: number;
  /** `day_files.generation` */
  readonly generation: number;
}

/** The points of a part: names [from, to) in UTF-8 order; null: unbounded. The parts together cover all names. */
export interface PartRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** A staged part. It is plain data, because a Workflow may move to another machine. */
export interface StagedPart {
  /** from 0, in the order of the names */
  readonly number: number;
  readonly etag: string;
  /** of the whole staged object, lowercase hexadecimal */
  readonly sha256: string;
  /** of the whole staged object */
  readonly bytes: number;
  /** of its footer and seal */
  readonly footerBytes: number;
  readonly rows: number;
  /** 0: there is no object */
  readonly points: number;
  /** samples of points with more than a month file accepts; they are read from the day files */
  readonly rowsLeftOut: number;
}

/** The month cannot be built from its day files. */
export class MonthBuildError extends Error {
  override readonly name = "MonthBuildError";
}

/** Checks that the sources are distinct days of the month, ascending. @throws {MonthBuildError} */
export function checkSources({ month }: MonthBuild, sources: readonly MonthSource[]): void {
  const { first, end } = monthDays(month);
  let before = first - 1;
  for (const { day } of sources) {
    if (!(day > before && day < end)) throw new MonthBuildError(`day ${day} is not of the month, or out of order`);
    before = day;
  }
  if (sources.length === 0) throw new MonthBuildError("a month without day files has no file");
}

/** {@link MonthAbout.days} of a month file that is made from these. */
export function sourceEtags({ month }: MonthBuild, sources: readonly MonthSource[]): (string | null)[] {
  const { first, end } = monthDays(month);
  const etags = new Map(sources.map(({ day, etag }) => [day, etag]));
  return Array.from({ length: end - first }, (_, i) => etags.get(first + i) ?? null);
}
