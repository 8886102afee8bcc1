import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockState } from "./state-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "building-vitals-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a state folder is made, is one's at a time, and is free again", () => {
  const state = join(folder, "new", "state");
  const letGo = lockState(state);
  expect(() => lockState(state)).toThrow(`${state} is in use by another start`);
  const elsewhere = lockState(join(folder, "other"));
  letGo();
  lockState(state)();
  elsewhere();
});

test("one that cannot be written is named", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => lockState(join(file, "state"))).toThrow(/^STATE_DIR: /);
});
