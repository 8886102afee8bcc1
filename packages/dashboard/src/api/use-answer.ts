import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, toApiError } from "./api-error.ts";

export interface Answer<T> {
  /** the last answer, also while the next one is loading or after it failed; undefined: none yet */
  readonly data: T | undefined;
  /** the key of `data`; null: none yet */
  readonly dataKey: string | null;
  /** why the last request failed */
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Loads again. */
  readonly reload: () => void;
}

interface State<T> {
  readonly data: T | undefined;
  readonly dataKey: string | null;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
}

/**
 * Loads the data of a key, again whenever the key changes; aborts an outdated request.
 * @param key null: nothing to load
 * @param everyMs reload interval while the page is visible
 */
export function useAnswer<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Answer<T> {
  const [state, setState] = useState<State<T>>({
    data: undefined,
    dataKey: null,
    error: undefined,
    isLoading: key !== null,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const isUnderWay = useRef(false);
  const reload = useCallback(() => setRound((count) => count + 1), []);

  useEffect(() => {
    if (key === null) {
      setState((last) => ({ ...last, error: undefined, isLoading: false }));
      return;
    }
    const abort = new AbortController();
    setState((last) => ({ ...last, isLoading: true }));
    const run = async () => {
      isUnderWay.current = true;
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) setState({ data, dataKey: key, error: undefined, isLoading: false });
      } catch (error) {
        if (!abort.signal.aborted) setState((last) => ({ ...last, error: toApiError(error), isLoading: false }));
      }
      if (!abort.signal.aborted) isUnderWay.current = false;
    };
    void run();
    return () => abort.abort();
  }, [key, round]);

  useEffect(() => {
    if (everyMs === undefined) return;
    // A slow request is awaited, not repeated.
    const again = () => {
      if (document.visibilityState === "visible" && !isUnderWay.current) reload();
    };
    const timer = setInterval(again, everyMs);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [everyMs, reload]);

  return { ...state, reload };
}
