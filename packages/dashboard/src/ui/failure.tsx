import type { ApiError } from "../api/api-error.ts";
import { Icon } from "./icon.tsx";

interface FailureProps {
  /** the part that failed, at the start of a sentence: "The points" */
  readonly part: string;
  readonly error: ApiError;
  readonly onRetry: () => void;
}

/** An error with a button to try again; the rest of the page stays. */
export function Failure({ part, error, onRetry }: FailureProps) {
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <p>
        <strong>{part} could not be loaded.</strong> {error.message}
      </p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
