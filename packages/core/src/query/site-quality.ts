import { dayText } from "../domain/day.ts";
import { POOR_SCORE } from "../quality/point-day-quality.ts";
import { reasonsOf } from "../quality/reasons.ts";
import { summarize, worstFirst } from "./quality-summary.ts";
import { readQuality } from "./read-quality.ts";

/** Limit of points that a message names. */
const NAMED = 5;

/** Quality of a site's points on one day. */
export interface SiteQuality {
  /** YYYY-MM-DD */
  readonly date: string;
  readonly meanScore: number;
  readonly poor: number;
  readonly judged: number;
  /** the worst of the poor ones */
  readonly worst: readonly { readonly name: string; readonly score: number; readonly reasons: readonly string[] }[];
}

/** @param day whole days since 1970 @returns null: not judged, or samples changed since */
export async function readSiteQuality(db: D1Database, siteId: number, day: number): Promise<SiteQuality | null> {
  const { days, points } = await readQuality(db, siteId, { from: day, to: day + 1 }, null);
  const { meanScore, poor, judged } = summarize(points);
  if (days[0]?.isCurrent !== true || meanScore === null) return null;
  const worst = worstFirst(points, NAMED, null).page.flatMap((point) => {
    const { name, score } = point;
    return score === null || score >= POOR_SCORE ? [] : [{ name, score, reasons: [...reasonsOf(point).values()] }];
  });
  return { date: dayText(day), meanScore, poor, judged, worst };
}
