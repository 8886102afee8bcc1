import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyMigrations } from "@building-vitals/local/migrations";
import type { Miniflare } from "miniflare";
import { Bench, type Figure } from "./bench.ts";
import { benchColdDay } from "./cold-day.ts";
import { benchDecoder, benchReads, benchWrites } from "./hot-level.ts";
import { benchSiteYear } from "./site-year.ts";
import { FULL_SIZE, SMOKE_SIZE, yearOfDays } from "./size.ts";
import { startWorkerd } from "./workerd.ts";

const WORKER = fileURLToPath(new URL("worker/index.ts", import.meta.url));
const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));
const LOCAL = fileURLToPath(new URL("../../.local", import.meta.url));

const GROUPS = ["decode", "sync", "reads", "day-file", "site-year"] as const;
type Group = (typeof GROUPS)[number];

/** All but the site-year: on a state that is made anew, and thrown away. */
async function benchLevels(bench: Bench, only: readonly Group[], stateDir: string): Promise<void> {
  const worker = { main: WORKER, databases: ["HOURS", "INTEGERS", "TEXTS", "COLD"], bindings: { SIZE: bench.size } };
  const running: Miniflare[] = [];
  const stop = async () => running.pop()?.dispose();
  const startAnew = async () => {
    await stop();
    const miniflare = await startWorkerd(worker, stateDir);
    running.push(miniflare);
    bench.connect(await miniflare.ready);
    return miniflare;
  };
  try {
    const first = await startAnew();
    for (const database of ["HOURS", "COLD"]) {
      await applyMigrations(await first.getD1Database(database), MIGRATIONS);
    }
    if (only.includes("decode")) await benchDecoder(bench);
    if (only.includes("sync")) await benchWrites(bench);
    if (only.includes("reads")) await benchReads(bench);
    if (only.includes("day-file")) await benchColdDay(bench, startAnew, stateDir);
  } finally {
    await stop();
  }
}

function print({ notes, figures }: Bench): void {
  for (const [group, inGroup] of Map.groupBy(figures, (figure: Figure) => figure.group)) {
    console.log(`\n${group}`);
    for (const { candidate, figure, value, ratio } of inGroup) {
      const shown = value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
      console.log(
        `  ${figure.padEnd(22)} ${candidate.padEnd(37)} ${shown.padStart(10)} ${`${ratio.toFixed(2)}x`.padStart(8)}`,
      );
    }
  }
  for (const note of notes) console.log(`\n${note}`);
}

// `npm run bench`: every claim of speed and size beside its baseline, in one run.
//   --only GROUP   that group alone; may be repeated
//   --days N       days of the site-year: 365
//   --smoke        in a few seconds, to see that it still runs
//   --report FILE  another place for the JSON
const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [...GROUPS] },
    days: { type: "string" },
    smoke: { type: "boolean", default: false },
    report: { type: "string", default: join(LOCAL, "bench.json") },
  },
});
const only = options.only.map((name) => {
  const group = GROUPS.find((one) => one === name);
  if (group === undefined) throw new Error(`--only takes ${GROUPS.join(", ")}, not ${name}`);
  return group;
});
const whole = options.smoke ? SMOKE_SIZE : FULL_SIZE;
const size = options.days === undefined ? whole : { ...whole, year: yearOfDays(whole.year, Number(options.days)) };
// Little old space, so that a Worker's 128 MB are real; what it holds in typed arrays comes on top.
process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--max-old-space-size=96";
const stateDir = await mkdtemp(join(tmpdir(), "building-vitals-bench-"));
try {
  const bench = new Bench(size);
  if (only.some((group) => group !== "site-year")) await benchLevels(bench, only, stateDir);
  if (only.includes("site-year")) {
    const { points, days } = size.year;
    const kept = join(LOCAL, "bench", `site-year-${points}x${days}`);
    await benchSiteYear(bench, options.smoke ? join(stateDir, "site-year") : kept);
  }
  print(bench);
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  await mkdir(dirname(options.report), { recursive: true });
  const report = { machine, notes: bench.notes, figures: bench.figures };
  await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nAs JSON: ${relative(process.cwd(), options.report)}`);
} finally {
  await rm(stateDir, { recursive: true, force: true });
}
