/** Reads CSV by the grammar of RFC 4180, independent of our writer. Throws on any deviation. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const record: string[] = [];
    for (;;) {
      let value = "";
      if (text[at] === '"') {
        for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
          if (at >= text.length) throw new Error("a quoted field does not end");
          if (text[at] === '"') at++;
          value += text[at]!;
        }
        at++;
      } else {
        for (; at < text.length && text[at] !== "," && text[at] !== "\r"; at++) {
          if (text[at] === '"' || text[at] === "\n") throw new Error(`not allowed without quotes, at ${at}`);
          value += text[at]!;
        }
      }
      record.push(value);
      if (text[at] !== ",") break;
      at++;
    }
    if (!text.startsWith("\r\n", at)) throw new Error(`a record does not end with CRLF, at ${at}`);
    at += 2;
    records.push(record);
  }
  return records;
}
