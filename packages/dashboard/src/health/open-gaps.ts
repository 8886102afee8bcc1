import type { CoverageAnswer, ListedGap, SiteStatus } from "./health-api.ts";

/** An open gap, as shown. */
export interface GapRow {
  /** its point, whose name is null without the token; `site`: the whole site */
  readonly subject: { readonly point: string | null } | "site";
  /** epoch ms */
  readonly start: number;
  /** null: ongoing */
  readonly end: number | null;
  readonly cause: string;
  /** result of the last request; null: needs the token */
  readonly inquiry: Pick<ListedGap, "attempts" | "next_attempt_at" | "last_error"> | null;
}

/** The open gaps without a token: all of the site, and the longest of points. Longest first. */
export function knownGaps(status: SiteStatus | undefined, coverage: CoverageAnswer | undefined, now: number): GapRow[] {
  const ofSite = (coverage?.gaps ?? []).filter(({ state }) => state === "open");
  const largest = status?.gaps.largest ?? [];
  const rows = [
    ...ofSite.map((gap) => rowOf("site", gap)),
    // The calendar lacks the site's gaps from before its first day.
    ...largest
      .filter(({ of, start }) => of === "site" && !ofSite.some((gap) => gap.start === start))
      .map((gap) => rowOf("site", gap)),
    ...largest.filter(({ of }) => of === "point").map((gap) => rowOf({ point: null }, gap)),
  ];
  return rows.sort((a, b) => lengthOf(b, now) - lengthOf(a, now));
}

/** Gaps with the administrator's token. Longest first. */
export function namedGaps(gaps: readonly ListedGap[], now: number): GapRow[] {
  const rows = gaps.map((gap): GapRow => {
    return { ...rowOf(gap.point === null ? "site" : { point: gap.point }, gap), inquiry: gap };
  });
  return rows.sort((a, b) => lengthOf(b, now) - lengthOf(a, now));
}

function rowOf(
  subject: GapRow["subject"],
  { start, end, cause }: { readonly start: string; readonly end: string | null; readonly cause: string },
): GapRow {
  return { subject, start: Date.parse(start), end: end === null ? null : Date.parse(end), cause, inquiry: null };
}

/** The length of a gap so far, ms. @param now epoch ms */
export function lengthOf({ start, end }: Pick<GapRow, "start" | "end">, now: number): number {
  return (end ?? now) - start;
}
