interface Sample {
  readonly time: number;
  readonly value: number;
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

function median(values: readonly number[]): number {
  const all = sorted(values);
  const middle = all.length >> 1;
  return all.length % 2 === 1 ? all[middle]! : all[middle - 1]! / 2 + all[middle]! / 2;
}

/** Indexes of single samples that jump away and return: docs/decisions/0011-quality.md, by sorting everything. */
export function naiveSpikes(samples: readonly Sample[], accuracy: number, gapMs: number): number[] {
  if (samples.length < 7) return [];
  const values = samples.map(({ value }) => value);
  const steps = sorted(values.slice(1).map((value, i) => Math.abs(value - values[i]!)));
  const usual = steps[Math.ceil(0.95 * steps.length) - 1]!;
  return values.flatMap((value, i) => {
    const [before, after] = [samples[i - 1], samples[i + 1]];
    if (before === undefined || after === undefined) return [];
    const heights = [value - before.value, value - after.value];
    const height = Math.min(...heights.map(Math.abs));
    const isSameSide = Math.sign(heights[0]!) === Math.sign(heights[1]!);
    const isReturned = Math.abs(heights[0]! - heights[1]!) <= height / 2;
    const isNear = [samples[i]!.time - before.time, after.time - samples[i]!.time].every((gap) => gap <= gapMs);
    if (!isSameSide || !isReturned || !isNear || height <= Math.max(3 * accuracy, 3 * usual)) return [];
    const from = Math.max(0, Math.min(i - 3, values.length - 7));
    const around = values.slice(from, from + 7);
    const middle = median(around);
    const mad = median(around.map((one) => Math.abs(one - middle)));
    return Math.abs(value - middle) > 3 * 1.4826 * mad ? [i] : [];
  });
}

/** Indexes of samples far from the day's median, in short stretches with a jump on either side. */
export function naiveOutliers(samples: readonly Sample[], accuracy: number): number[] {
  if (samples.length === 0) return [];
  const middle = median(samples.map(({ value }) => value));
  const deviations = samples.map(({ value }) => Math.abs(value - middle));
  const mad = median(deviations);
  const mean = deviations.reduce((sum, one) => sum + one, 0) / deviations.length;
  const far = Math.max(3.5 * (mad > 0 ? mad / 0.6745 : 1.253314 * mean), 4 * accuracy);
  const isFar = deviations.map((one) => one > far);
  return samples.flatMap((_, i) => {
    if (!isFar[i]) return [];
    let [start, end] = [i, i + 1];
    while (start > 0 && isFar[start - 1]) start--;
    while (end < samples.length && isFar[end]) end++;
    const jumps = [
      [samples[start]!, samples[start - 1]],
      [samples[end - 1]!, samples[end]],
    ] as const;
    const isJumped = jumps.every(
      ([inside, outside]) =>
        outside === undefined || Math.abs(inside.value - outside.value) >= Math.abs(inside.value - middle) / 2,
    );
    return isJumped && samples[end - 1]!.time - samples[start]!.time < 3_600_000 ? [i] : [];
  });
}

/** Seconds for which a sensor that never rests was stuck. */
export function naiveFlatS(samples: readonly Sample[], accuracy: number, gapMs: number): number {
  const changes = samples.slice(1).map(({ value }, i) => Math.abs(value - samples[i]!.value));
  const step = Math.min(...changes.filter((change) => change > 0));
  const hours =
    step === Infinity ? 0 : step <= (accuracy / 50) * 1.000000001 ? 6 : step <= (accuracy / 5) * 1.000000001 ? 18 : 25;
  if (step === Infinity && samples.at(-1)!.time - samples[0]!.time < 18 * 3_600_000) return 0;
  const stretches: Sample[][] = [];
  for (const sample of samples) {
    const last = stretches.at(-1)?.at(-1);
    if (last !== undefined && last.value === sample.value && sample.time - last.time <= gapMs)
      stretches.at(-1)!.push(sample);
    else stretches.push([sample]);
  }
  const lengths = stretches.map((stretch) => stretch.at(-1)!.time - stretch[0]!.time);
  return Math.round(lengths.filter((ms) => ms >= hours * 3_600_000).reduce((sum, ms) => sum + ms, 0) / 1000);
}
