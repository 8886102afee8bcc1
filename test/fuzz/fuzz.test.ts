import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkInput, fuzz, FuzzFailure, keepInput, TARGET_NAMES } from "./fuzz.ts";
import { Mismatch } from "./target.ts";

const SECONDS = 3;

test.each(TARGET_NAMES)("%s: refuses each input with a typed error, or reads it as the oracle", async (name) => {
  const seed = Math.floor(Math.random() * 1_000_000);
  try {
    const { runs, accepted, refused } = await fuzz(name, { seconds: SECONDS, seed });
    // Both outcomes occur. Otherwise the mutations are too weak or too strong to find anything.
    expect(Math.min(accepted, refused)).toBeGreaterThan(runs / 200);
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    const path = await keepInput(join(tmpdir(), "building-vitals-fuzz"), name, error.input);
    throw new Error(`seed ${seed}: npm run fuzz -- --target ${name} --replay ${path}`, { cause: error });
  }
});

test("an input that crashes or is misread is a failure that holds the input", async () => {
  const input = Uint8Array.of(1, 2, 3);
  for (const fault of [new TypeError("x is undefined"), new Mismatch("a page: read as 1, not 2")]) {
    const target = {
      generate: () => input,
      check: () => {
        throw fault;
      },
    };
    await expect(checkInput(target, input)).rejects.toMatchObject({ name: "FuzzFailure", input, cause: fault });
  }
});
