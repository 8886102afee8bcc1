import { useRef, useState } from "preact/hooks";
import { type ApiError, toApiError } from "./api-error.ts";

interface Action {
  readonly isBusy: boolean;
  /** why the last call failed */
  readonly error: ApiError | null;
  /** Runs the action, unless it is running. @returns whether it succeeded */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly clear: () => void;
}

/** The action of a button: one call at a time, and the result of the last one. */
export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const isRunning = useRef(false);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (isRunning.current) return false;
    isRunning.current = true;
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (cause) {
      setError(toApiError(cause));
      return false;
    } finally {
      isRunning.current = false;
      setBusy(false);
    }
  };
  return { isBusy, error, run, clear: () => setError(null) };
}
