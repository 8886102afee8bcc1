import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyMigrations, readMigrations } from "@building-vitals/local/migrations";
import type { Miniflare } from "miniflare";
import { Bench, type Figure, type Section, SECTIONS } from "./bench.ts";
import { benchColdDay } from "./cold-day.ts";
import { benchLoad } from "./load.ts";
import { benchFinding } from "./finding.ts";
import { benchDecoder, benchReads, benchWrites } from "./hot-level.ts";
import { type BenchReport, benchReportSchema } from "./report/bench-report.ts";
import { commitOf, machineOf, versionsOf, watchLoad } from "./report/machine.ts";
import { DATA_FILE, writeReport } from "./report/write-report.ts";
import { benchMonthFile } from "./month-file.ts";
import { benchMonth } from "./month.ts";
import { benchRooms } from "./rooms.ts";
import { benchSiteMonths } from "./site-months.ts";
import { benchSiteYear } from "./site-year.ts";
import { FULL_SIZE, SMOKE_SIZE, yearOfDays } from "./size.ts";
import { startWorkerd } from "./workerd.ts";

const WORKER = fileURLToPath(new URL("worker/index.ts", import.meta.url));
const LOCAL = fileURLToPath(new URL("../../.local", import.meta.url));

/** Those that ask a site's year, which is kept for the next run. */
const OF_A_YEAR: ReadonlySet<Section> = new Set(["month-reads", "site-year", "memory", "load"]);

/** All but the site-year: on a state that is made anew, and thrown away. */
async function benchLevels(bench: Bench, only: readonly Section[], stateDir: string): Promise<void> {
  const worker = { main: WORKER, databases: ["SEGMENTS", "INTEGERS", "TEXTS", "COLD"], bindings: { SIZE: bench.size } };
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
    for (const database of ["SEGMENTS", "COLD"]) {
      await applyMigrations(await first.getD1Database(database), await readMigrations());
    }
    const sections: readonly [Section, () => Promise<void>][] = [
      ["decode", () => benchDecoder(bench)],
      ["sync", () => benchWrites(bench)],
      ["reads", () => benchReads(bench)],
      ["finding", () => benchFinding(bench)],
      [
        "day-file",
        async () => {
          await benchColdDay(bench, startAnew, stateDir);
          benchRooms(bench);
        },
      ],
      ["month-file", () => benchMonthFile(bench, startAnew)],
    ];
    for (const [section, run] of sections.filter(([name]) => only.includes(name))) {
      process.stderr.write(`${section}\n`);
      bench.section = section;
      await run();
    }
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
//   --only SECTION  that section alone; may be repeated
//   --days N        days of the site-year: 365
//   --smoke         in a few seconds, to see that it still runs
//   --json FILE     another place for the JSON
//   --report        writes docs/benchmarks.md, its charts and README's figures; takes a whole run
//   --render        writes the same again, of the figures of the last report: nothing is measured
const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [...SECTIONS] },
    days: { type: "string" },
    smoke: { type: "boolean", default: false },
    json: { type: "string", default: join(LOCAL, "bench.json") },
    report: { type: "boolean", default: false },
    render: { type: "boolean", default: false },
  },
});
const only = options.only.map((name) => {
  const section = SECTIONS.find((one) => one === name);
  if (section === undefined) throw new Error(`--only takes ${SECTIONS.join(", ")}, not ${name}`);
  return section;
});
const isWhole = SECTIONS.every((section) => only.includes(section)) && !options.smoke && options.days === undefined;
if (options.report && !isWhole) throw new Error("--report is of a whole run: it takes no --only, --days or --smoke");

async function measure(): Promise<BenchReport> {
  const full = options.smoke ? SMOKE_SIZE : FULL_SIZE;
  const size = options.days === undefined ? full : { ...full, year: yearOfDays(full.year, Number(options.days)) };
  // Little old space, so that a Worker's 128 MB are real; what it holds in typed arrays comes on top.
  process.env["MINIFLARE_WORKERD_V8_FLAGS"] = "--max-old-space-size=96";
  const stateDir = await mkdtemp(join(tmpdir(), "building-vitals-bench-"));
  const [began, commit, stopWatching] = [Date.now(), commitOf(), watchLoad()];
  const bench = new Bench(size);
  try {
    if (only.some((section) => !OF_A_YEAR.has(section) && section !== "month"))
      await benchLevels(bench, only, stateDir);
    if (only.includes("site-year") || only.includes("memory")) {
      const { points, days } = size.year;
      const kept = join(LOCAL, "bench", `site-year-${points}x${days}`);
      await benchSiteYear(bench, only, options.smoke ? join(stateDir, "site-year") : kept);
    }
    if (only.includes("month-reads")) {
      const { points, days } = size.coldYear;
      const kept = join(LOCAL, "bench", `cold-year-${points}x${days}`);
      await benchSiteMonths(bench, options.smoke ? join(stateDir, "cold-year") : kept);
    }
    if (only.includes("month")) {
      bench.section = "month";
      await benchMonth(bench);
    }
    if (only.includes("load")) {
      bench.section = "load";
      const { points, days } = size.load.year;
      const kept = join(LOCAL, "bench", `site-year-${points}x${days}`);
      await benchLoad(bench, options.smoke ? join(stateDir, "site-year") : kept);
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
  print(bench);
  return {
    date: new Date(began).toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
    commit,
    machine: machineOf(),
    load: stopWatching(),
    versions: versionsOf(),
    size: { decodes: size.decodes, runs: size.runs },
    notes: bench.notes,
    figures: bench.figures,
  };
}

if (options.render) {
  await writeReport(benchReportSchema.parse(JSON.parse(await readFile(DATA_FILE, "utf8"))));
} else {
  const report = await measure();
  await mkdir(dirname(options.json), { recursive: true });
  const json = `${JSON.stringify(report, null, 2)}\n`;
  await writeFile(options.json, json);
  console.log(`\nAs JSON: ${relative(process.cwd(), options.json)}`);
  // as the JSON has it, in which a ratio to nothing is null
  if (options.report) await writeReport(benchReportSchema.parse(JSON.parse(json)));
}
