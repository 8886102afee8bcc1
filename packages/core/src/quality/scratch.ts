/** Buffers for one point's day, reused for the next: 4,583 days of 1,440 samples allocate nothing. */
export class Scratch {
  /** the values in range, and their times */
  values = new Float64Array(1_440);
  times = new Float64Array(1_440);
  /** working copy, may be reordered */
  work = new Float64Array(1_440);
  /** 1: marked as a spike */
  marks = new Uint8Array(1_440);

  /** Makes room. Earlier contents are lost. */
  reserve(n: number): void {
    if (this.values.length >= n) return;
    const size = 2 ** Math.ceil(Math.log2(n));
    this.values = new Float64Array(size);
    this.times = new Float64Array(size);
    this.work = new Float64Array(size);
    this.marks = new Uint8Array(size);
  }
}
