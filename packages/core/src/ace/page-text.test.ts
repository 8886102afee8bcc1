import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PageDecoder } from "./page.ts";

const NOW = Date.UTC(2025, 9, 12, 15);
const T = "2025-10-12T14:50:36.055960";

const decodeText = (text: string) => {
  const decoder = new PageDecoder(NOW, "/page");
  decoder.write(text);
  return decoder.end();
};

describe("PageDecoder: bare NaN and Infinity", () => {
  test.each(["NaN", "Infinity", "-Infinity"])("%s as a value rejects only its row", (token) => {
    const rows = ["1", token, "3"].map((value, i) => `{"name":"p${i}","value":${value},"time":"${T}"}`);
    const page = decodeText(`{"point_samples":[${rows.join()}],"next_cursor":null,"has_more":false}`);
    expect(page.samples.names).toEqual(["p0", "p2"]);
    expect([...page.samples.values]).toEqual([1, 3]);
    expect(page.rejected).toEqual({ non_finite: 1 });
    expect(page.rejectedRecords[0]?.record).toBe(`{"name":"p1","value":"not finite","time":"${T}"}`);
    expect(page.end.rowsAtLastTime).toBe(3);
  });

  test("they are text in a name, and no valid name, time or cursor", () => {
    const name = 'NaN, "-Infinity":NaN \\';
    const rows = [
      `{"name":${JSON.stringify(name)},"value":NaN,"time":"${T}"}`,
      `{"name":${JSON.stringify(name)},"value":2,"time":"${T}"}`,
      `{"name":NaN,"value":2,"time":"${T}"}`,
      `{"name":"b","value":2,"time":NaN}`,
    ];
    const page = decodeText(`{"point_samples":[${rows.join()}],"has_more":false}`);
    expect(page.samples.names).toEqual([name]);
    expect(page.rejected).toEqual({ non_finite: 1, malformed: 1, bad_time: 1 });
    expect(() => decodeText('{"point_samples":[],"next_cursor":NaN}')).toThrow("is not a page");
  });
});

describe("PageDecoder: text in pieces", () => {
  const inPieces = (text: string, lengths: readonly number[]) => {
    const decoder = new PageDecoder(NOW, "/page");
    for (let at = 0, i = 0; at < text.length; i++) {
      const length = lengths[i % lengths.length]!;
      decoder.write(text.slice(at, at + length));
      at += length;
    }
    return decoder.end();
  };
  const bodyArbitrary = fc.record({
    point_samples: fc.array(
      fc.oneof(
        fc.record({ name: fc.constantFrom("a", "},{", '"},"', "\\"), value: fc.constant("1"), time: fc.constant(T) }),
        fc.jsonValue(),
      ),
      { maxLength: 20 },
    ),
    "},": fc.jsonValue(),
    has_more: fc.constant(false),
  });
  const lengthsArbitrary = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

  test("gives the same result in pieces as whole, for any names and cuts", () => {
    fc.assert(
      fc.property(bodyArbitrary, fc.constantFrom(0, 2), lengthsArbitrary, (body, indent, lengths) => {
        const page = inPieces(JSON.stringify(body, null, indent), lengths);
        expect(page.records).toBe(body.point_samples.length);
        const named = body.point_samples.filter(
          (row) => typeof row === "object" && row !== null && "time" in row && row.time === T,
        );
        expect(page.samples.length).toBe(named.length);
      }),
      { numRuns: 200 },
    );
  });

  test("reads rows across many pieces as one page", () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => {
      return { name: i === 4_000 ? "},{" : `p${i % 7}`, value: i === 3_000 ? null : String(i), time: T };
    });
    const { samples, rejected, end } = decodeText(JSON.stringify({ point_samples: rows, has_more: false }));
    expect(rejected).toEqual({ null: 1 });
    expect([...samples.values]).toEqual(rows.flatMap(({ value }) => (value === null ? [] : [Number(value)])));
    expect(end.rowsAtLastTime).toBe(5_000);
  });

  test.each([
    ["breaks off in a row", '{"point_samples":[{"name":"a","va'],
    ["breaks off after a row", '{"point_samples":[{"name":"a"}'],
    ["breaks off after the rows", '{"point_samples":[]'],
    ["has a comma too many", '{"point_samples":[{"name":"a"},],"has_more":false}'],
    ["has a comma too few", '{"point_samples":[{"name":"a"} {"name":"b"}],"has_more":false}'],
    ["continues after its end", '{"point_samples":[],"has_more":false}{}'],
    ["has a word that is not JSON", '{"point_samples":[{"name":nan}],"has_more":false}'],
  ])("refuses a body that %s", (_, text) => {
    expect(() => decodeText(text)).toThrow(SyntaxError);
  });

  test("refuses an endless row before it fills the memory", () => {
    const decoder = new PageDecoder(NOW, "/page");
    decoder.write('{"point_samples":[{"name":"');
    const megabytes = () => {
      for (let i = 0; i < 20; i++) decoder.write("x".repeat(1_000_000));
    };
    expect(megabytes).toThrow("longer than 1000000 characters");
  });
});
