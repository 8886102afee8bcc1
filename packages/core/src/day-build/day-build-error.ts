/** Why a day cannot be built from what there is. The message is the day's `reason`: safe to show. */
export class DayBuildError extends Error {
  override readonly name = "DayBuildError";
}
