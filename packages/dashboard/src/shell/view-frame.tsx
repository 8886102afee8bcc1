import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { ApiError, toApiError } from "../api/api-error.ts";
import { Failure } from "../ui/failure.tsx";
import type { View, ViewProps } from "./view.ts";

const loaded = new Map<string, ComponentType<ViewProps>>();

/** Loads a view's code when it is first shown; the rest of the page stays if that fails. */
export function ViewFrame({ view, ...props }: ViewProps & { readonly view: View }) {
  const [, setRound] = useState(0);
  const [error, setError] = useState<ApiError | null>(null);
  const [crash, resetCrash] = useErrorBoundary((thrown: unknown) => console.error(thrown));
  const Shown = loaded.get(view.id);
  const load = async () => {
    setError(null);
    try {
      loaded.set(view.id, await view.load());
      setRound((round) => round + 1);
    } catch (cause) {
      console.warn(cause);
      setError(new ApiError("unreachable", null, "Could not load this view. Check your connection."));
    }
  };
  useEffect(() => {
    if (!loaded.has(view.id)) void load();
  }, [view.id]);
  if (crash !== undefined) return <Failure part="This view" error={toApiError(crash)} onRetry={resetCrash} />;
  if (error !== null) return <Failure part={view.title} error={error} onRetry={() => void load()} />;
  return Shown === undefined ? <div class="view-loading" aria-busy="true" /> : <Shown {...props} />;
}
