/** The samples of an hour, point by point in the order of their names, each point's times strictly ascending. */
export interface SortedHour {
  /** points that have samples */
  readonly pointIds: Int32Array;
  /** {@link namesChecksum} of these points */
  readonly names: number;
  /** number of samples of each */
  readonly rows: Int32Array;
  /** epoch milliseconds UTC */
  readonly times: Float64Array;
  readonly values: Float64Array;
}
