/** Why a request has no answer, in words that can be shown as they are. */
export class ApiError extends Error {
  /** the problem's `code`; `unreachable`: no answer came; `not_understood`: one came that is not what it should be */
  readonly code: string;
  /** HTTP status; null: no answer came */
  readonly status: number | null;
  /** what of the request is at fault; null: no one part of it */
  readonly field: string | null;

  constructor(code: string, status: number | null, detail: string, field: string | null = null) {
    super(detail);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

/** Whatever a load failed with, as an error that has words. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError("page", null, "The page itself failed. Reload it; the browser's console has the reason.");
}
