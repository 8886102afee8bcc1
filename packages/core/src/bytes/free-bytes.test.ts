import { expect, test } from "vitest";
import { freeBytes } from "./free-bytes.ts";

test("freed bytes are empty in every view of them", () => {
  const doubles = Float64Array.of(1, 2);
  freeBytes(new Uint8Array(doubles.buffer));
  expect([doubles.length, doubles[0], doubles.buffer.byteLength]).toEqual([0, undefined, 0]);
  expect(() => new Uint8Array(doubles.buffer)).toThrow(TypeError);
});

test("a part of a larger buffer is not freed", () => {
  const whole = Uint8Array.of(1, 2, 3);
  freeBytes(whole.subarray(1));
  freeBytes(whole.subarray(0, 2));
  expect([...whole]).toEqual([1, 2, 3]);
});

test("bytes that were freed are not freed again", () => {
  const bytes = new Uint8Array(4);
  freeBytes(bytes);
  expect(() => freeBytes(bytes)).toThrow(TypeError);
});
