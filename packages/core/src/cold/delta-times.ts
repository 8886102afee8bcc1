/** The layout that the writer makes: blocks of 128 differences, each of 4 miniblocks. */
const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;

/** Differences of a day's milliseconds take 29 bits at most; with 32, no sum of a row group leaves a double's integers. */
const MAX_WIDTH = 32;

/**
 * The first `needed` times of a DELTA_BINARY_PACKED page, epoch milliseconds. In doubles: hyparquet's BigInts take ten
 * times as long, and it believes whatever layout the page claims.
 * @param rows the page must say that it has so many
 * @throws {Error} where it is not what the writer makes
 */
export function unpackDifferences(bytes: Uint8Array, rows: number, needed: number): Float64Array {
  let at = 0;
  const byteAt = (index: number): number => {
    const byte = bytes[index];
    if (byte === undefined) throw new Error("differences end early");
    return byte;
  };
  const varint = (): number => {
    let [value, weight] = [0, 1];
    for (let n = 0; n < 8; n++, weight *= 128) {
      const byte = byteAt(at++);
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    throw new Error("a number that does not end");
  };
  const zigzag = (): number => {
    const value = varint();
    if (value > Number.MAX_SAFE_INTEGER) throw new Error("a number beyond a double's integers");
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const layout = [varint(), varint(), varint()];
  if (layout[0] !== BLOCK || layout[1] !== MINIBLOCKS || layout[2] !== rows) {
    throw new Error(`differences in blocks of ${layout.join()}`);
  }
  const times = new Float64Array(needed);
  let time = zigzag();
  if (Math.abs(time) > 2 ** 52) throw new Error(`a first time of ${time}`);
  if (needed > 0) times[0] = time;
  for (let row = 1; row < needed;) {
    const least = zigzag();
    if (Math.abs(least) > 2 ** 32) throw new Error(`a least difference of ${least}`);
    const widths = at;
    at += MINIBLOCKS;
    for (let mini = 0; mini < MINIBLOCKS && row < needed; mini++) {
      const width = byteAt(widths + mini);
      if (width > MAX_WIDTH) throw new Error(`differences of ${width} bits`);
      let bit = at * 8;
      at += (MINIBLOCK * width) / 8;
      if (at > bytes.length) throw new Error("differences end early");
      for (let i = 0; i < MINIBLOCK && row < needed; i++) {
        let [more, weight] = [0, 1];
        for (let left = width; left > 0;) {
          const take = Math.min(8 - (bit & 7), left);
          more += ((bytes[bit >>> 3]! >>> (bit & 7)) & ((1 << take) - 1)) * weight;
          weight *= 1 << take;
          bit += take;
          left -= take;
        }
        time += least + more;
        times[row++] = time;
      }
    }
  }
  return times;
}
