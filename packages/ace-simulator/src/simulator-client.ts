import { z } from "zod";
import type { Simulator } from "./simulator.ts";

/**
 * A test client of the API, written from its description. It shares no code with the simulator, so that its rows can be
 * compared with the sources.
 */
export const TEST_KEY = "test-key";

export function get(simulator: Simulator, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${TEST_KEY}` };
  return simulator.fetch(new Request(`http://simulator.test${path}`, { headers, ...init }));
}

export async function setFaults(simulator: Simulator, plan: unknown): Promise<Response> {
  return get(simulator, "/_simulator/faults", { method: "POST", body: JSON.stringify(plan) });
}

const rowSchema = z.object({ name: z.string(), value: z.string().nullable(), time: z.string().nullable() });
const pageSchema = z.object({
  point_samples: z.array(rowSchema),
  next_cursor: z.string().nullable(),
  has_more: z.boolean(),
});
export type Row = z.infer<typeof rowSchema>;
type PageBody = z.infer<typeof pageSchema>;

export interface Window {
  readonly site: string;
  /** ISO-8601 */
  readonly start: string;
  readonly end: string;
  readonly pageSize: number;
  readonly raw?: boolean;
}

export async function getPage(simulator: Simulator, window: Window, cursor?: string): Promise<PageBody> {
  const query = new URLSearchParams({
    start_time: window.start,
    end_time: window.end,
    page_size: String(window.pageSize),
    raw_data: String(window.raw ?? true),
  });
  if (cursor !== undefined) query.set("cursor", cursor);
  const response = await get(
    simulator,
    `/api/sites/${encodeURIComponent(window.site)}/timeseries/paginated?${query.toString()}`,
  );
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return pageSchema.parse(await response.json());
}

const cursorSchema = z.object({ offset: z.number(), timestamp: z.string() });

/**
 * The correct cursor after a page. If the page ends in the time it began in, the server dropped the incoming offset.
 */
function repair(next: string, incoming: string | undefined, rows: readonly Row[]): string {
  if (incoming === undefined) return next;
  const before = cursorSchema.parse(JSON.parse(atob(incoming)));
  if (rows.at(-1)?.time !== before.timestamp) return next;
  const here = rows.filter((row) => row.time === before.timestamp).length;
  return btoa(JSON.stringify({ offset: before.offset + here, timestamp: before.timestamp }));
}

/** Reads all pages of a window. @throws Error for a cursor that was sent before */
export async function fetchAll(simulator: Simulator, window: Window, options = { repairs: true }): Promise<Row[]> {
  const rows: Row[] = [];
  const sent = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const page = await getPage(simulator, window, cursor);
    rows.push(...page.point_samples);
    if (page.has_more !== (page.next_cursor !== null)) throw new Error("has_more contradicts next_cursor");
    if (page.next_cursor === null) return rows;
    cursor = options.repairs ? repair(page.next_cursor, cursor, page.point_samples) : page.next_cursor;
    if (sent.has(cursor)) throw new Error("stuck: a cursor came back");
    sent.add(cursor);
  }
}
