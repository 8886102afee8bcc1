import { useRef } from "preact/hooks";
import type { ApiError } from "../api/api-error.ts";
import { fetchTimeseries, type TimeseriesAnswer, timeseriesPath, type TimeseriesQuery } from "../api/timeseries.ts";
import { useAnswer } from "../api/use-answer.ts";

/** An answer with its request. */
export interface Answered {
  readonly query: TimeseriesQuery;
  readonly answer: TimeseriesAnswer;
}

interface SeriesAnswer {
  /** the answer; before it arrives, the best of the earlier ones; undefined: none for this range */
  readonly shown: Answered | undefined;
  /** whether it answers the current request, or the live range's request of a moment ago */
  readonly isExact: boolean;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  readonly reload: () => void;
}

/** Kept answers, so that going back and zooming out show something at once. */
const KEPT = 12;

/** How far a live range may move on while an answer stays valid, in ms. */
const MOMENT_MS = 3 * 60_000;

/**
 * Loads a query. Until its answer arrives, earlier and even coarser answers are shown.
 * @param query null: nothing to load
 * @param isLive whether its range moves with the time
 */
export function useSeries(query: TimeseriesQuery | null, isLive: boolean): SeriesAnswer {
  const kept = useRef<Answered[]>([]);
  const key = query === null ? null : timeseriesPath(query);
  const { data, dataKey, error, isLoading, reload } = useAnswer(key, async (signal) => {
    const asked = query!;
    const answered = { query: asked, answer: await fetchTimeseries(asked, signal) };
    kept.current = [answered, ...kept.current].slice(0, KEPT);
    return answered;
  });
  const isAnswered = key !== null && dataKey === key;
  const isStanding =
    isLive && query !== null && data !== undefined && error === undefined && hasMovedOn(data.query, query);
  const isExact = isAnswered || isStanding;
  const shown = query === null ? undefined : isExact ? data : bestOf(kept.current, query);
  return { shown, isExact, isLoading: isLoading || (!isAnswered && error === undefined), error, reload };
}

/** Whether a request is the previous one, moved on by a moment. */
export function hasMovedOn(before: TimeseriesQuery, asked: TimeseriesQuery): boolean {
  const moved = asked.end - before.end;
  const isSame = timeseriesPath({ ...asked, start: before.start, end: before.end }) === timeseriesPath(before);
  return isSame && asked.start - before.start === moved && moved >= 0 && moved <= MOMENT_MS;
}

/** The earlier answer that covers most of the query; among equals, the finest. */
export function bestOf(answers: readonly Answered[], asked: TimeseriesQuery): Answered | undefined {
  const share = ({ query }: Answered) => {
    if (query.site !== asked.site || query.units !== asked.units) return 0;
    const both = Math.min(query.end, asked.end) - Math.max(query.start, asked.start);
    const names = asked.points.filter((name) => query.points.includes(name)).length;
    return Math.max(0, both / (asked.end - asked.start)) * (names / Math.max(1, asked.points.length));
  };
  const lengthOf = ({ query }: Answered) => query.end - query.start;
  const useful = answers.filter((one) => share(one) > 0);
  return useful.sort((a, b) => share(b) - share(a) || lengthOf(a) - lengthOf(b))[0];
}
