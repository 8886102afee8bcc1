import { expect, test } from "vitest";
import type { NamedSamples } from "../domain/samples.ts";
import { ServedTimes } from "./served-times.ts";

const MIN = 60_000;
const RANGE = { start: 0, end: 2_000 * MIN };

/** A sample per minute of each point, from one minute up to another. */
function samples(points: Readonly<Record<string, readonly [number, number]>>): NamedSamples {
  const names = Object.keys(points);
  const rows = Object.values(points).flatMap(([from, to], point) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ point, time: (from + i) * MIN })),
  );
  rows.sort((a, b) => a.time - b.time);
  return {
    names,
    nameIndex: Int32Array.from(rows, ({ point }) => point),
    times: Float64Array.from(rows, ({ time }) => time),
    values: new Float64Array(rows.length),
    length: rows.length,
  };
}

function servedTo(before: number, points: Readonly<Record<string, readonly [number, number]>>, rejected = 0) {
  const served = new ServedTimes(before * MIN);
  const page = samples(points);
  served.add(page, page.length + rejected, () => true);
  return served.ended(RANGE).servedTo / MIN;
}

test("the newest time that half of the points reached", () => {
  expect(servedTo(100, { a: [90, 190], b: [90, 195], c: [90, 199] })).toBe(195);
  expect(servedTo(100, { a: [90, 190], b: [90, 195], c: [90, 199], d: [90, 200] })).toBe(199);
});

test("points without new samples do not hold it back", () => {
  expect(servedTo(100, { a: [90, 99], b: [90, 100], c: [90, 98], d: [90, 200] })).toBe(200);
});

test("no new samples leave it unchanged", () => {
  expect(servedTo(100, { a: [90, 100] })).toBe(100);
  expect(servedTo(100, {})).toBe(100);
});

test("a late group does not make the whole site late", () => {
  expect(servedTo(100, { a: [90, 200], b: [90, 200], c: [90, 1_999] })).toBe(2_000);
});

test("one diagnostic point on time does not hide that the site is late", () => {
  const late = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, [90, 200] as const]));
  expect(servedTo(100, { ...late, gateway: [1_900, 1_999] })).toBe(200);
});

test("unreadable records are not requested again and again", () => {
  expect(servedTo(100, { a: [90, 120] }, 3)).toBe(120);
  expect(servedTo(100, { a: [90, 120] }, 4)).toBe(2_000);
});

test("points that are not collected do not count", () => {
  const served = new ServedTimes(100 * MIN);
  const page = samples({ a: [90, 150], other: [90, 400], another: [90, 500] });
  served.add(page, page.length, (name) => name === "a");
  expect(served.ended(RANGE)).toMatchObject({ servedTo: 150 * MIN, newest: 150 * MIN });
});

test("pages add up", () => {
  const served = new ServedTimes(0);
  for (const page of [samples({ a: [1, 50], b: [1, 50] }), samples({ b: [51, 60], c: [51, 60] })]) {
    served.add(page, page.length, () => true);
  }
  expect(served.ended(RANGE)).toEqual({ range: RANGE, servedTo: 60 * MIN, newest: 60 * MIN });
});

test("if most points fall silent, the next windows start minutes later", () => {
  const dead = (i: number) => [90, 100 - (i % 10)] as const;
  const points = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`p${i}`, i < 80 ? dead(i) : ([90, 110] as const)]),
  );
  let front = 90;
  for (let run = 0; run < 4; run++) front = servedTo(front, points);
  expect(front).toBe(110);
});
