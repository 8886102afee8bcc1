import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** [file, its import]: each import violates the direction of the layers. */
const FORBIDDEN = [
  ["packages/core/src/domain/a.ts", "../store/store-samples.ts"],
  ["packages/core/src/domain/a.ts", "../ace/client.ts"],
  ["packages/core/src/ace/a.ts", "../transform/weather-points.ts"],
  ["packages/core/src/ace/a.ts", "../store/read-segments.ts"],
  ["packages/core/src/transform/a.ts", "../catalog/catalog.ts"],
  ["packages/core/src/store/a.ts", "../catalog/catalog.ts"],
  ["packages/core/src/parquet/a.ts", "../rollups/hour-slice.ts"],
  ["packages/core/src/rollups/a.ts", "../manifest/manifest.ts"],
  ["packages/core/src/store/a.ts", "../read/stored.ts"],
  ["packages/core/src/catalog/a.ts", "../sync/window.ts"],
  ["packages/core/src/quality/a.ts", "../day-build/roll-up-day.ts"],
  ["packages/core/src/query/a.ts", "../sync/sync-state.ts"],
  ["packages/core/src/query/a.ts", "../gaps/gap-store.ts"],
  ["packages/core/src/gaps/a.ts", "../sync/sync-state.ts"],
  ["packages/core/src/alerts/a.ts", "../sync/sync-state.ts"],
  ["packages/core/src/backfill/a.ts", "../settle/due-days.ts"],
  ["packages/core/src/months/a.ts", "../read/stored.ts"],
  ["packages/core/src/day-build/a.ts", "../months/merge-part.ts"],
  ["packages/core/src/read/a.ts", "../query/plan.ts"],
  ["packages/core/src/manifest/a.ts", "../day-build/merge-day.ts"],
  ["packages/core/src/sync/a.ts", "../alerts/alert.ts"],
  ["packages/core/src/store/a.ts", "@building-vitals/ace-simulator/simulator"],
  ["workers/etl/src/a.ts", "@building-vitals/query/env"],
  ["workers/etl/src/a.ts", "../../query/src/env.ts"],
  ["workers/etl/src/routes/a.ts", "../../../query/src/env.ts"],
  ["workers/query/src/a.ts", "@building-vitals/ace-simulator/simulator"],
  ["packages/dashboard/src/a.ts", "@building-vitals/core/domain/sample"],
  ["packages/ace-simulator/src/a.ts", "@building-vitals/core/ace/time"],
  ["packages/core/src/months/a.ts", "hyparquet-writer/src/bytewriter.js"],
  ["packages/core/src/r2/a.ts", "hyparquet/src/metadata.js"],
  ["packages/core/src/read/a.ts", "hyparquet/src/column.js"],
  ["packages/local/src/a.ts", "hyparquet/src/metadata.js"],
  ["workers/query/src/a.ts", "hyparquet/src/metadata.js"],
] as const;

const ALLOWED = [
  ["packages/core/src/ace/a.ts", "../domain/samples.ts"],
  ["packages/core/src/transform/a.ts", "../ace/weather.ts"],
  ["packages/core/src/store/a.ts", "../domain/hour.ts"],
  ["packages/core/src/catalog/a.ts", "../store/read-segments.ts"],
  ["packages/core/src/catalog/a.ts", "../rollups/read-rows.ts"],
  ["packages/core/src/sync/a.ts", "../catalog/catalog.ts"],
  ["packages/core/src/gaps/a.ts", "../read/stored.ts"],
  ["packages/core/src/day-build/a.ts", "../quality/judge-day.ts"],
  ["packages/core/src/months/a.ts", "../parquet/footer.ts"],
  ["packages/core/src/parquet/a.ts", "hyparquet/src/metadata.js"],
  ["packages/core/src/parquet/a.ts", "hyparquet-writer/src/bytewriter.js"],
  ["packages/core/src/months/a.ts", "hyparquet"],
  ["packages/core/src/store/a.ts", "./read-segments.ts"],
  ["packages/core/src/store/a.ts", "zod"],
  ["workers/etl/src/routes/a.ts", "../env.ts"],
  ["workers/etl/src/a.ts", "@building-vitals/core/domain/site"],
  ["packages/core/src/store/a.test.ts", "@building-vitals/ace-simulator/simulator"],
] as const;

/** The part of the lint settings that the test reads. */
const settingsSchema = z.object({
  overrides: z.array(z.object({ files: z.array(z.string()), rules: z.looseObject({}) })),
});

const restrictionSchema = z.tuple([
  z.literal("error"),
  z.object({ patterns: z.array(z.object({ group: z.array(z.string()) })) }),
]);

type Import = readonly [file: string, specifier: string];

let folder: string;
/** files that the lint refuses, by folder */
let refused: ReadonlySet<string>;

/** Files for the imports, each once, because several imports may name the same file. */
const ALL: readonly Import[] = [...FORBIDDEN, ...ALLOWED];
const ownFile = ([file, specifier]: Import) => {
  const index = ALL.findIndex((other) => other[0] === file && other[1] === specifier);
  return join(dirname(file), basename(file).replace("a.", `a${index}.`));
};

/** The files that the project's own lint settings refuse, in one run of oxlint. */
async function refusedFiles(): Promise<ReadonlySet<string>> {
  for (const one of ALL) {
    const path = join(folder, ownFile(one));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `import * as imported from ${JSON.stringify(one[1])};\nexport const used = imported;\n`);
  }
  const output = await new Promise<string>((resolve) => {
    execFile(join(ROOT, "node_modules/.bin/oxlint"), ["-f", "unix", "."], { cwd: folder }, (_, stdout) =>
      resolve(stdout),
    );
  });
  const lines = output.split("\n").filter((line) => line.includes("no-restricted-imports"));
  return new Set(lines.map((line) => relative(folder, resolvePath(folder, line.slice(0, line.indexOf(":"))))));
}

describe("the direction of imports", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "import-direction-"));
    // Without type-aware rules, which need a TypeScript project and do not check imports.
    const settings = await readFile(join(ROOT, ".oxlintrc.json"), "utf8");
    const withoutTypes = settings.replace('"typeAware": true', '"typeAware": false');
    if (withoutTypes === settings) throw new Error("the lint settings no longer say that they are type-aware");
    await writeFile(join(folder, ".oxlintrc.json"), withoutTypes);
    refused = await refusedFiles();
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.for(FORBIDDEN)("%s may not import %s", (forbidden) => {
    expect(refused).toContain(ownFile(forbidden));
  });

  it("agrees with the floors in docs/architecture.md", async () => {
    const drawn = /```floors\n([^`]*)```/.exec(await readFile(join(ROOT, "docs/architecture.md"), "utf8"))?.[1] ?? "";
    const floors = drawn
      .trim()
      .split("\n")
      .map((line) => line.split(/[\s,]+/))
      .toReversed();
    const floorOf = new Map(floors.flatMap((folders, floor) => folders.map((name) => [name, floor])));
    const settings: unknown = JSON.parse(await readFile(join(ROOT, ".oxlintrc.json"), "utf8"));
    const allowed = new Map<string, string[]>();
    const upwards: string[] = [];
    const parquetInternals: string[] = [];
    for (const { files, rules } of settingsSchema.parse(settings).overrides) {
      const name = /^packages\/core\/src\/(.+)\/\*\*$/.exec(files[0] ?? "")?.[1];
      if (name === undefined) continue;
      const [, { patterns }] = restrictionSchema.parse(rules["no-restricted-imports"]);
      const imported = patterns
        .flatMap(({ group }) => group)
        .flatMap((pattern) => /^!\.\.\/(.+)\/\*\*$/.exec(pattern)?.[1] ?? []);
      allowed.set(name, imported);
      if (!patterns.some(({ group }) => group.includes("hyparquet*/src/**"))) parquetInternals.push(name);
      const isLower = (other: string) => (floorOf.get(other) ?? Infinity) < (floorOf.get(name) ?? -1);
      upwards.push(...imported.filter((other) => !isLower(other)).map((other) => `${name} -> ${other}`));
    }
    expect(upwards).toEqual([]);
    expect(parquetInternals).toEqual(["parquet"]);
    const folders = (await readdir(join(ROOT, "packages/core/src"))).sort();
    expect([...allowed.keys()].sort()).toEqual(folders);
    expect([...floorOf.keys()].sort()).toEqual(folders);
  });

  it.for(ALLOWED)("%s may import %s", (allowed) => {
    expect(refused).not.toContain(ownFile(allowed));
  });
});
