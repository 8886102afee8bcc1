import { z } from "zod";
import { AceError } from "../src/ace/ace-error.ts";
import { AdaptivePageSize } from "../src/ace/adaptive-page-size.ts";
import { createAceClient } from "../src/ace/client.ts";
import { DEFAULT_PAGE_SIZE, type PageSize } from "../src/ace/page-size.ts";
import { type Answer, fakeClock, scriptedFetch } from "./scripted-fetch.ts";
import type { AcePage, TimeseriesOptions } from "../src/ace/timeseries.ts";

// For the tests of paging: an upstream with the real cursor fault, and a client for it.

const START = Date.UTC(2025, 9, 12, 14);
export const RANGE = { start: START, end: START + 3_600_000 };

/** A row as the upstream sends it. */
export interface Row {
  readonly name: string;
  readonly value: string;
  readonly time: string;
}

const positionSchema = z.object({ offset: z.number(), timestamp: z.string() });

/** A cursor in the upstream's format. */
export const cursor = (position: object) => btoa(JSON.stringify(position));

/** The upstream with its real cursor fault: `offset` counts only this page's rows at its last time. */
export function faultyUpstream(rows: readonly Row[]): Answer {
  return (url) => {
    const size = Number(url.searchParams.get("page_size"));
    const given = url.searchParams.get("cursor");
    let rest = rows;
    if (given !== null) {
      const { offset, timestamp } = positionSchema.parse(JSON.parse(atob(given)));
      rest = rows.filter(({ time }) => time >= timestamp).slice(offset);
    }
    const page = rest.slice(0, size);
    const last = page.at(-1)?.time;
    const more = rest.length > page.length;
    return Response.json({
      point_samples: page,
      next_cursor: more ? cursor({ offset: page.filter(({ time }) => time === last).length, timestamp: last }) : null,
      has_more: more,
    });
  };
}

/** Rows of scrapes. All rows of a scrape share a time. Whole seconds have no fraction, as Python writes them. */
export function scrapes(spec: readonly { readonly points: number; readonly micros: number }[]): Row[] {
  return spec.flatMap(({ points, micros }, minute) => {
    const whole = new Date(START + minute * 60_000).toISOString().slice(0, 19);
    const time = micros === 0 ? whole : `${whole}.${String(micros).padStart(6, "0")}`;
    return Array.from({ length: points }, (_, i) => ({ name: `p${i}`, value: `${minute}.${i}`, time }));
  });
}

/** A client over a fetch with these answers. Its clock is at the end of the range. */
export function setUp(...answers: Answer[]) {
  const { fetch, requests } = scriptedFetch(...answers);
  const clock = fakeClock(RANGE.end);
  const config = { baseUrl: "https://ace.test/api", apiKey: "k", random: () => 1, now: clock.now, sleep: clock.sleep };
  const client = createAceClient({ ...config, fetch });
  const sizes = () => requests.map(({ url }) => Number(url.searchParams.get("page_size")));
  return { client, clock, sizes, requests };
}

/** Options as a test writes them. */
export type CollectOptions = Omit<TimeseriesOptions, "pageSize"> & { readonly pageSize?: PageSize };

export function optionsOf(
  setup: ReturnType<typeof setUp>,
  { pageSize, ...options }: CollectOptions,
): TimeseriesOptions {
  return { ...options, pageSize: new AdaptivePageSize(pageSize ?? DEFAULT_PAGE_SIZE, null, setup.clock.now) };
}

/** All pages until the end or the first failure. */
export async function collect(setup: ReturnType<typeof setUp>, options: CollectOptions = {}) {
  const pages: AcePage[] = [];
  try {
    for await (const page of setup.client.timeseriesPages("s", RANGE, optionsOf(setup, options))) pages.push(page);
  } catch (error) {
    if (!(error instanceof AceError)) throw error;
    return { pages, error };
  }
  return { pages, error: undefined };
}

/** `name=value` of each sample, in order. */
export function namesAndValues(pages: readonly AcePage[]): string[] {
  return pages.flatMap(({ samples }) =>
    Array.from(
      { length: samples.length },
      (_, i) => `${samples.names[samples.nameIndex[i] ?? -1]}=${samples.values[i]}`,
    ),
  );
}

/** The result of {@link namesAndValues} if nothing is lost, doubled or out of order. */
export const expected = (rows: readonly Row[]) => rows.map(({ name, value }) => `${name}=${Number(value)}`);
