/** Why a request failed, as text for the user. */
export class ApiError extends Error {
  /** the problem's `code`; `unreachable`: no answer; `not_understood`: an answer of another form */
  readonly code: string;
  /** HTTP status; null: no answer */
  readonly status: number | null;
  /** the invalid part of the request; null: no single part */
  readonly field: string | null;

  constructor(code: string, status: number | null, detail: string, field: string | null = null) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

/** Any error of a load, as an error with text for the user. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError("page", null, "The page itself failed. Reload it; the browser's console has the reason.");
}
