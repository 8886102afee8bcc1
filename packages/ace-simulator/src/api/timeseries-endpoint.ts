import { decodeCursor, encodeCursor, type PageCursor, type Fraction } from "./cursor.ts";
import type { CursorTrail } from "./cursor-trail.ts";
import type { Faults } from "../faults/faults.ts";
import { bucketFrames, rawFrames } from "./frames.ts";
import { canHit, shuffled, withBadValues, withDuplicates } from "../faults/page-faults.ts";
import { flag, integerChoice, InvalidQuery, requiredTime } from "./query-parameters.ts";
import type { ScrapeSource } from "../scrape-source.ts";
import { readPage } from "./timeseries-page.ts";
import { formatRows } from "./timeseries-rows.ts";
import type { Visibility } from "../faults/visibility.ts";

export const PAGE_SIZE_CHOICES = [3, 10, 50, 100, 500, 1000, 5000, 10_000, 50_000, 100_000, 300_000, 500_000] as const;

function cursorParameter(query: URLSearchParams): PageCursor | undefined {
  const text = query.get("cursor");
  if (text === null || text === "") return undefined;
  const cursor = decodeCursor(text);
  if (!cursor) throw new InvalidQuery("cursor", "The value is not a cursor.");
  return cursor;
}

function body(rows: readonly string[], nextCursor: string | null): Response {
  const position = `"next_cursor":${JSON.stringify(nextCursor)},"has_more":${nextCursor !== null}`;
  return new Response(`{"point_samples":[${rows.join(",")}],${position}}`, {
    headers: { "content-type": "application/json" },
  });
}

export interface TimeseriesServing {
  readonly visibility: Visibility;
  readonly faults: Faults;
  readonly trail: CursorTrail;
  readonly cursorFault: boolean;
}

/** `GET /sites/{site}/timeseries/paginated`: samples of all points with time in [start_time, end_time). */
export function serveTimeseries(source: ScrapeSource, query: URLSearchParams, serving: TimeseriesServing): Response {
  const startUs = requiredTime(query, "start_time");
  const endUs = requiredTime(query, "end_time");
  const pageSize = integerChoice(query, "page_size", PAGE_SIZE_CHOICES, 10_000);
  const raw = flag(query, "raw_data", false);
  const cursor = cursorParameter(query);
  const { visibility, faults, trail, cursorFault } = serving;

  const fraction: Fraction = raw ? "microseconds" : "seconds";
  const fromUs = cursor ? Math.max(startUs, cursor.timeUs) : startUs;
  const frames = (raw ? rawFrames : bucketFrames)(source, visibility, fromUs, endUs);
  const page = readPage(frames, cursor, pageSize, cursorFault);

  const cursorText = query.get("cursor") ?? undefined;
  const previousCursorText = trail.note(`${source.site.name} ${startUs} ${endUs} ${pageSize} ${raw}`, cursorText);
  const facts = { page, cursor, cursorText, previousCursorText };
  const firing = faults.forPage((rule) => canHit(rule, facts));

  let rows = formatRows(source, page.slices, fraction);
  let next = page.next ? encodeCursor(page.next, fraction) : null;
  for (const rule of firing) {
    switch (rule.fault) {
      case "duplicates":
        rows = withDuplicates(rows);
        break;
      case "bad_values": {
        const [{ frame, from }] = [page.slices[0]!];
        const names = Array.from({ length: Math.min(8, frame.points.length - from) }, (_, i) =>
          JSON.stringify(source.points[frame.points[from + i]!]!.name),
        );
        rows = withBadValues(rows, names, frame.timeUs, fraction);
        break;
      }
      case "out_of_order":
        rows = shuffled(rows, faults.seedOf(rule));
        break;
      case "repeat_cursor":
        next = (rule.cycle ? previousCursorText : cursorText) ?? next;
        break;
      case "empty_page_with_cursor":
        rows = [];
        next = encodeCursor({ offset: 0, timeUs: startUs, ...cursor, scan: (cursor?.scan ?? 0) + 1 }, fraction);
        break;
    }
  }
  return body(rows, next);
}

/** `GET /points/{name}/timeseries`: the raw samples of one point with time in [start_time, end_time), unpaged. */
export function servePointTimeseries(
  source: ScrapeSource,
  point: number,
  query: URLSearchParams,
  visibility: Visibility,
): Response {
  const startUs = requiredTime(query, "start_time");
  const endUs = Math.min(requiredTime(query, "end_time"), visibility.endUs);
  const rows: string[] = [];
  for (let scrape = source.scrapeAtOrAfter(startUs); source.timeOf(scrape) < endUs; scrape++) {
    const timeUs = source.timeOf(scrape);
    if (!source.hasSample(point, scrape) || visibility.pointsServed([point], timeUs).length === 0) continue;
    const frame = { timeUs, points: [point], valueText: () => source.valueText(point, scrape) };
    rows.push(...formatRows(source, [{ frame, from: 0, to: 1 }], "microseconds"));
  }
  return new Response(`{"point_samples":[${rows.join(",")}]}`, { headers: { "content-type": "application/json" } });
}
