/**
 * Compares names by their UTF-8 bytes: the order of points in day files, and of Parquet's statistics.
 * This is the order of code points; `<` compares UTF-16 units and puts U+FF5E after U+1F600.
 * @returns negative, 0 or positive
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // A surrogate belongs to a code point above all others.
    const [high, other] = [isSurrogate(x), isSurrogate(y)];
    return high === other ? x - y : high ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
