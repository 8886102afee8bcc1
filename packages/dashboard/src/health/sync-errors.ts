import type { SyncError } from "./health-api.ts";

const CODES: Readonly<Record<string, string>> = {
  http: "The building's API refused",
  timeout: "The building's API did not answer in time",
  network: "The building's API could not be reached",
  broken_body: "The building's API sent an answer that breaks off",
  not_a_page: "The building's API sent something that is no page",
  cursor_repeated: "The pages of the building's API led in a circle",
  page_limit: "There were more pages than one run takes",
  incomplete_list: "The building's API sent a list that is not whole",
  deadline: "The run's time was over",
  empty_catalog: "The building's API listed no points",
  database: "The database did not take it",
};

const STAGES: Readonly<Record<string, string>> = {
  state: "reading how far it was",
  catalog: "asking for the list of points",
  weather: "asking for the weather",
  timeseries: "asking for samples",
  store: "storing samples",
  internal: "in its own work",
};

/** Errors of several runs that say the same. */
interface ErrorGroup {
  /** what went wrong, and at what */
  readonly words: string;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** of the newest, epoch ms */
  readonly at: number;
}

/** Brings together what went wrong again and again; the newest first. */
export function errorGroups(errors: readonly SyncError[]): ErrorGroup[] {
  const groups = Map.groupBy(errors, ({ stage, code, message }) => JSON.stringify([stage, code, message]));
  return [...groups.values()]
    .map((same) => {
      const { stage, code, message } = same[0]!;
      const words = `${CODES[code] ?? "Something went wrong"}, ${STAGES[stage] ?? `at ${stage}`}`;
      return { words, code, message, count: same.length, at: Math.max(...same.map(({ at }) => Date.parse(at))) };
    })
    .sort((a, b) => b.at - a.at);
}
