import type { Measured } from "./measured.ts";
import { DAYS_PER_MONTH, type Deployment, samplesPerDay } from "./deployment.ts";
import { COLD_RAW, usageOf } from "./month.ts";
import type { Usage } from "./prices.ts";

/** A layout to compare with. */
export interface NaiveLayout {
  readonly name: string;
  readonly usage: (deployment: Deployment, measured: Measured) => Usage;
}

/**
 * One row per sample in D1, measured in one sync of 22,915 samples (docs/costs.md): rows that D1 bills for a sample's
 * insert, and its bytes. Its delete after settling counts as one row, with any indexes. Only its samples count: no
 * aggregates, no journal, and reads as cheap as this project's.
 */
function rowASample(name: string, rowsInserted: number, bytes: number): NaiveLayout {
  return {
    name,
    usage: (deployment, measured) => {
      const samples = deployment.sites * samplesPerDay(deployment);
      return {
        ...usageOf(deployment, measured),
        rowsWritten: samples * DAYS_PER_MONTH * (rowsInserted + 1),
        d1Storage: samples * deployment.segmentDays * bytes,
      };
    },
  };
}

/** Day files in time order, in groups of 10,000 rows, Snappy: every group has samples of every point. */
const IN_TIME_ORDER = { groupRows: 10_000, bytesPerSample: 8.9 };

const timeOrderedFiles: NaiveLayout = {
  name: "our D1, day files in time order",
  usage: (deployment, measured) => {
    const ours = usageOf({ ...deployment, monthFiles: false }, measured);
    const groups = Math.ceil(samplesPerDay(deployment) / IN_TIME_ORDER.groupRows);
    const coldDays = deployment.queries * COLD_RAW.share * COLD_RAW.days;
    return {
      ...ours,
      r2Storage: (ours.r2Storage * IN_TIME_ORDER.bytesPerSample) / measured.bytes.r2PerSample,
      r2ClassB: ours.r2ClassB + coldDays * groups,
    };
  },
};

export const NAIVE_LAYOUTS: readonly NaiveLayout[] = [
  rowASample("row a sample, text keys, 3 indexes", 4, 312),
  rowASample("row a sample, text keys, no rowid", 1, 93),
  rowASample("row a sample, integer keys", 1, 21),
  timeOrderedFiles,
];
