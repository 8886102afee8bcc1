import { createBuilding } from "@building-vitals/ace-simulator/building";
import type { FaultPlanInput } from "@building-vitals/ace-simulator/faults/fault-plan";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { deploy, type Deployment, type SiteSync, syncToThePresent } from "./deployment.ts";

const POINTS = 40;
const HOURS = 24;
const HOUR_MS = 3_600_000;

/** All faults of pages. Faults of whole answers are few, because each costs real waiting. */
const FAULTS: FaultPlanInput = {
  seed: 7,
  rules: [
    { fault: "duplicates", probability: 0.3 },
    { fault: "bad_values", probability: 0.3 },
    { fault: "out_of_order", probability: 0.3 },
    { fault: "empty_page_with_cursor", probability: 0.1 },
    { fault: "repeat_cursor", everyNth: 17, times: 3 },
    { fault: "null_pages" },
    { fault: "500", endpoint: "timeseries", everyNth: 40, times: 1 },
    { fault: "cut", endpoint: "timeseries", everyNth: 25, times: 2 },
    { fault: "429", retryAfterSeconds: 1, endpoint: "timeseries", everyNth: 60, times: 1 },
    { fault: "500", endpoint: "weather", everyNth: 2, times: 1 },
  ],
};

const namesSchema = z.object({ points: z.array(z.object({ name: z.string() })) });

describe("a day of syncs from a faulty upstream", () => {
  const source = createBuilding({ seed: 3, site: "ses_falls_city", timezone: "America/Chicago", points: POINTS });
  const settings = { INITIAL_LOOKBACK_HOURS: String(HOURS), PAGE_SIZE: "500" };
  let sound: Deployment;
  let faulty: Deployment;
  let names: string[];
  let range: { start_time: string; end_time: string };
  let runs: SiteSync[];

  beforeAll(async () => {
    [sound, faulty] = await Promise.all([deploy(source, settings), deploy(source, settings, FAULTS)]);
    const begun = Date.now();
    const [, faultyRuns] = await Promise.all([syncToThePresent(sound), syncToThePresent(faulty)]);
    runs = faultyRuns;
    // Both first syncs reach back from about `begun`. A margin of one minute excludes the difference of their starts.
    range = { start_time: String(begun - HOURS * HOUR_MS + 60_000), end_time: String(begun) };
    const response = await fetch(`${sound.urls.query}/sites/ses_falls_city/points?limit=1000`);
    const { points } = namesSchema.parse(await response.json());
    names = points.map((point) => point.name);
  });

  afterAll(() => Promise.all([sound?.close(), faulty?.close()]));

  it("ends with exactly the samples of a run without faults", async () => {
    expect(names.length).toBeGreaterThan(POINTS);
    const parameters = { ...range, interval: "raw", point_names: names.join() };
    const [expected, actual] = await Promise.all([sound.query(parameters), faulty.query(parameters)]);
    expect(expected.metadata.total_samples).toBeGreaterThan(POINTS * HOURS * 6);
    expect(actual.series).toEqual(expected.series);
  });

  it("accounts for every record, and no run ends with an error", () => {
    const rejected: Record<string, number> = {};
    for (const run of runs) {
      let refused = 0;
      for (const [reason, count] of Object.entries(run.recordsRejected)) {
        rejected[reason] = (rejected[reason] ?? 0) + count;
        refused += count;
      }
      expect(run.recordsFetched).toBe(run.recordsInserted + run.recordsUnchanged + run.recordsFailed + refused);
    }
    for (const reason of ["null", "non_numeric", "non_finite", "bad_time", "unconfigured"]) {
      expect(rejected[reason], reason).toBeGreaterThan(0);
    }
    // A run goes on after a refused or repeated cursor.
    expect(runs.flatMap((run) => run.errors)).toEqual([]);
  });
});
