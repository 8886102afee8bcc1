import type { ListedSyncError } from "./health-api.ts";

const CODES: Readonly<Record<string, string>> = {
  http: "The building's API refused",
  timeout: "The building's API did not answer in time",
  network: "The building's API could not be reached",
  broken_body: "The building's API sent an incomplete answer",
  not_a_page: "The building's API sent an invalid page",
  cursor_repeated: "The building's API repeated a cursor",
  page_limit: "There were more pages than one run reads",
  incomplete_list: "The building's API sent an incomplete list",
  deadline: "The run ran out of time",
  empty_catalog: "The building's API listed no points",
  database: "The database refused the write",
};

const STAGES: Readonly<Record<string, string>> = {
  state: "while reading the sync state",
  catalog: "while requesting the list of points",
  weather: "while requesting the weather",
  timeseries: "while requesting samples",
  store: "storing samples",
  internal: "in the sync itself",
};

/** Errors of several runs with the same text. */
interface ErrorGroup {
  /** the error and its stage */
  readonly text: string;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** time of the newest, epoch ms */
  readonly at: number;
}

/** Merges repeated errors; newest first. */
export function errorGroups(errors: readonly ListedSyncError[]): ErrorGroup[] {
  const groups = Map.groupBy(errors, ({ stage, code, message }) => JSON.stringify([stage, code, message]));
  return [...groups.values()]
    .map((same) => {
      const { stage, code, message } = same[0]!;
      const text = `${CODES[code] ?? "Unknown error"}, ${STAGES[stage] ?? `at ${stage}`}`;
      return { text, code, message, count: same.length, at: Math.max(...same.map(({ at }) => Date.parse(at))) };
    })
    .sort((a, b) => b.at - a.at);
}
