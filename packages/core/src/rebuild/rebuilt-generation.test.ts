import { expect, test } from "vitest";
import type { ManifestDay } from "../manifest/manifest.ts";
import { newGeneration } from "./rebuilt-generation.ts";

const FILE = { key: "k", etag: "e", sha256: "a", bytes: 1, rows: 1, points: 1 };
const ROW: ManifestDay = {
  siteId: 1,
  deletedAt: null,
  keptId: null,
  day: 1,
  state: "written",
  file: FILE,
  source: "api",
  build: "b",
  generation: 4,
  pending: new Map(),
  reason: null,
  settledStamp: 0,
  asked: [],
  updatedAt: 0,
};
const NO_FILE: ManifestDay = { ...ROW, state: "failed", file: null, generation: 0 };
const OTHER = { etag: "f", sha256: "b" };

test.each<[string, ManifestDay | null, Parameters<typeof newGeneration>[1], number | RegExp]>([
  ["nothing is known", null, { ...OTHER, customMetadata: { generation: "7", sha256: "b" } }, 7],
  ["nothing is known, and no metadata", null, { ...OTHER, customMetadata: {} }, 1],
  ["its generation is invalid", null, { ...OTHER, customMetadata: { generation: "-1e9" } }, 1],
  ["above every claim", { ...NO_FILE, pending: new Map([["c", 5]]) }, { ...OTHER, customMetadata: {} }, 6],
  ["it was announced", { ...ROW, pending: new Map([["b", 6]]) }, { ...OTHER, customMetadata: {} }, 6],
  [
    "it was announced, and superseded",
    { ...ROW, pending: new Map([["b", 4]]) },
    { ...OTHER, customMetadata: {} },
    /not one that a build wrote/,
  ],
  [
    "it was deleted, and is suspect",
    { ...NO_FILE, state: "suspect", generation: 4 },
    { ...OTHER, customMetadata: { generation: "3" } },
    /was deleted/,
  ],
  ["the row's own", ROW, { etag: "e", sha256: "a", customMetadata: { generation: "4" } }, 4],
  ["the row's own bytes, put back", ROW, { etag: "f", sha256: "a", customMetadata: {} }, 4],
  ["the row's own object, with a wrong hash in the row", ROW, { etag: "e", sha256: "b", customMetadata: {} }, 5],
  ["a later one", ROW, { ...OTHER, customMetadata: { generation: "5" } }, 5],
  ["an older one", ROW, { ...OTHER, customMetadata: { generation: "3" } }, /older file/],
  ["another one of the same generation", ROW, { ...OTHER, customMetadata: { generation: "4" } }, /older file/],
  ["a foreign object", ROW, { ...OTHER, customMetadata: {} }, /not one that a build wrote/],
  [
    "other bytes than were put",
    null,
    { ...OTHER, customMetadata: { sha256: "a", generation: "7" } },
    /another SHA-256/,
  ],
])("%s", (_, row, object, expected) => {
  const generation = newGeneration(row, object);
  if (typeof expected === "number") expect(generation).toBe(expected);
  else expect(generation).toMatch(expected);
});
