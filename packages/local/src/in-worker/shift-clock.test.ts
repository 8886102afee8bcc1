import { afterEach, expect, test } from "vitest";
import { shiftClock } from "./shift-clock.ts";

const RealDate = Date;
afterEach(() => {
  globalThis.Date = RealDate;
});

test("every way to read the current time is shifted; other dates stay", () => {
  const offset = -3 * 86_400_000;
  shiftClock(offset);
  const expected = RealDate.now() + offset;
  const asked = [Date.now(), new Date().getTime(), Date.parse(Date()), Number(new (class extends Date {})())];
  for (const now of asked) expect(Math.abs(now - expected)).toBeLessThan(2_000);
  expect(new Date(5).getTime()).toBe(5);
  expect(Date.UTC(2025, 0)).toBe(RealDate.UTC(2025, 0));
  expect(new Date()).toBeInstanceOf(Date);
  expect(new RealDate()).toBeInstanceOf(Date);
});
