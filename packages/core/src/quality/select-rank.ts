/**
 * The value of a rank among values[0, n), which it reorders. Hoare's selection with a median of three as pivot: O(n)
 * except for contrived orders.
 * @param rank from 0, below n
 */
export function selectRank(values: Float64Array, n: number, rank: number): number {
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const pivot = medianOf3(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const moved = values[i]!;
      values[i++] = values[j]!;
      values[j--] = moved;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return values[rank]!;
}

function medianOf3(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/**
 * The median of values[0, n), which it reorders. For an even number: the mean of the middle two. @param n at least 1
 */
export function medianOf(values: Float64Array, n: number): number {
  const middle = n >>> 1;
  const upper = selectRank(values, n, middle);
  if (n % 2 === 1) return upper;
  // all values left of the rank are at most the value at the rank
  let lower = values[0]!;
  for (let i = 1; i < middle; i++) if (values[i]! > lower) lower = values[i]!;
  return lower / 2 + upper / 2;
}
