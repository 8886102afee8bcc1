import type { Measured } from "./measured.ts";
import { DAYS_PER_MONTH, type Deployment, samplesADay } from "./deployment.ts";
import { QUERY_MIX, usageOf } from "./month.ts";
import type { Usage } from "./prices.ts";

/** A layout that this project did not take. */
export interface NaiveLayout {
  readonly name: string;
  readonly usage: (deployment: Deployment, measured: Measured) => Usage;
}

/**
 * One row per sample in D1, measured for one sync of 22,915 samples (docs/costs.md): rows that D1 bills for a sample's
 * insert, and its bytes. Its delete after settling counts as one row, with any indexes. Only its samples count: no
 * aggregates, no journal, and reads as cheap as ours.
 */
function rowASample(name: string, rowsInserted: number, bytes: number): NaiveLayout {
  return {
    name,
    usage: (deployment, measured) => {
      const samples = deployment.sites * samplesADay(deployment);
      return {
        ...usageOf(deployment, measured),
        rowsWritten: samples * DAYS_PER_MONTH * (rowsInserted + 1),
        d1Storage: samples * deployment.daysYoung * bytes,
      };
    },
  };
}

/** Day files in order of time, in groups of 10,000 rows, Snappy: every group has some of every point. */
const IN_TIME_ORDER = { groupRows: 10_000, bytesPerSample: 8.9 };

const timeOrderedFiles: NaiveLayout = {
  name: "our D1, day files in time order",
  usage: (deployment, measured) => {
    const ours = usageOf({ ...deployment, monthFiles: false }, measured);
    const groups = Math.ceil(samplesADay(deployment) / IN_TIME_ORDER.groupRows);
    const { share, days } = QUERY_MIX.coldRaw;
    return {
      ...ours,
      r2Storage: (ours.r2Storage * IN_TIME_ORDER.bytesPerSample) / measured.bytes.r2PerSample,
      r2ClassB: ours.r2ClassB + deployment.queries * share * days * groups,
    };
  },
};

export const NAIVE_LAYOUTS: readonly NaiveLayout[] = [
  rowASample("row a sample, text keys, 3 indexes", 4, 312),
  rowASample("row a sample, text keys, no rowid", 1, 93),
  rowASample("row a sample, integer keys", 1, 21),
  timeOrderedFiles,
];
