import { type Counted, NOTHING, type OperationCounts } from "@building-vitals/local/costs/counts";
import { JOB_NAMES, type Measured, QUERY_NAMES, readMeasured } from "@building-vitals/local/costs/measured";
import { countsFor } from "@building-vitals/local/costs/terms";
import { beforeAll, describe, expect, it } from "vitest";
import { measureSite, type SiteMeasurements } from "./measure.ts";

/** One block. */
const POINTS = 128;

/** Billed and expensive. CPU depends on the machine. */
const EXACT = ["rowsWritten", "r2ClassA", "kvReads", "kvWrites", "workflowInstances", "workflowSteps"] as const;
/** Cheap, and not linear in the smallest tables. */
const NEARLY = ["rowsRead", "r2ClassB", "logEvents", "apiCalls"] as const;

/** The counts that differ from the predicted ones by more than a share of them plus an absolute tolerance. */
function differences(
  measured: OperationCounts,
  predicted: OperationCounts,
  names: readonly Counted[],
  share: number,
  tolerance: number,
): string[] {
  return names
    .filter((name) => Math.abs(measured[name] - predicted[name]) > share * predicted[name] + tolerance)
    .map((name) => `${name}: ${measured[name]} counted now, ${predicted[name]} by measured.json`);
}

// A failure says that the code's cost differs from docs/costs.md: run `npm run costs -- --measure`, and look at the bill.
describe("the counts are those of measured.json", () => {
  let committed: Measured;
  let now: SiteMeasurements;
  beforeAll(async () => {
    committed = await readMeasured();
    now = await measureSite({ points: POINTS, cpu: false });
  });

  it.each(JOB_NAMES)("%s", (name) => {
    for (const { points, days, counts } of now.jobs[name]) {
      const predicted = countsFor(committed.jobs[name], points, days);
      expect(differences(counts, predicted, EXACT, 0.02, 2)).toEqual([]);
      expect(differences(counts, predicted, NEARLY, 0.1, name === "lastSeen" ? 12 * 40 : 25)).toEqual([]);
    }
  });

  it("settling adds nothing to the next hourly run", () => {
    expect(differences(now.afterSettling, NOTHING, EXACT, 0, 2)).toEqual([]);
    expect(differences(now.afterSettling, NOTHING, NEARLY, 0, 25)).toEqual([]);
  });

  it.each(QUERY_NAMES)("%s", (name) => {
    for (const { points, days, counts } of now.queries[name]) {
      const predicted = countsFor(committed.queries[name], points, days);
      expect(differences(counts, predicted, EXACT, 0, 0)).toEqual([]);
      // a small site's points share row groups and segments, and a search ends at its last point
      expect(counts.r2ClassB).toBeLessThanOrEqual(predicted.r2ClassB);
      const isShared = name === "pointSearch" || name === "hotRaw";
      if (isShared) expect(counts.rowsRead).toBeLessThanOrEqual(Math.ceil(1.1 * predicted.rowsRead));
      else expect(differences(counts, predicted, ["rowsRead"], 0.1, 25)).toEqual([]);
    }
  });

  it("bytes", () => {
    for (const name of ["d1PerSample", "d1PerPointDay", "d1PerPackedPointDay"] as const) {
      expect(now.bytes[name] / committed.bytes[name]).toBeGreaterThan(0.8);
      // an hour of a block takes some pages of 4 KB
      expect(now.bytes[name] / committed.bytes[name]).toBeLessThan(1.35);
    }
    // a footer weighs more in a small file
    for (const name of ["r2PerSample", "r2MonthPerSample"] as const) {
      expect(now.bytes[name] / committed.bytes[name]).toBeGreaterThan(0.8);
      expect(now.bytes[name] / committed.bytes[name]).toBeLessThan(1.6);
    }
  });
});
