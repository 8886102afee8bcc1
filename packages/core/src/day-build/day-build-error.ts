/** Why a day cannot be built. The message becomes the day's `reason`, so it must be safe to show. */
export class DayBuildError extends Error {
  override readonly name = "DayBuildError";
}
