import { Agent, get } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bench, percentile } from "./bench.ts";
import { KIND_NAMES, type Question, questions } from "./load-questions.ts";
import { cpuSeconds, forgetPeak, residentMb, workerdPid } from "./workerd-process.ts";
import { startWorkerd } from "./workerd.ts";
import { SITE_NAME } from "./year-size.ts";
import { startSiteYear } from "./year-state.ts";

const QUERY_WORKER = fileURLToPath(new URL("../../workers/query/src/index.ts", import.meta.url));
const SITES = JSON.stringify([{ name: SITE_NAME, timezone: "America/Chicago" }]);
/** An answer that takes longer counts as an error; no client waits longer after the end. */
const GIVE_UP_MS = 60_000;
const ALL = "all questions";

/** What became of a question. */
interface Outcome {
  readonly kind: string;
  /** null: the connection broke */
  readonly status: number | null;
  /** from the first byte of the question to the last of the answer */
  readonly ms: number;
  /** seconds to wait before the next question; 0: none */
  readonly retryAfter: number;
}

/** The query Worker under a mix of questions from clients at once. Each client asks again when it has its answer. */
export async function benchLoad(bench: Bench, folder: string): Promise<void> {
  const { year, clients, seconds } = bench.size.load;
  const built = await startSiteYear(folder, year, (line) => process.stderr.write(`${line}\n`));
  await built.miniflare.dispose();
  bench.notes.push(`The site under load: ${year.points} points x ${year.days} days, a sample a minute.`);
  for (const count of clients) {
    process.stderr.write(`load: ${count} clients, ${seconds} s\n`);
    const worker = { main: QUERY_WORKER, databases: ["DB"], bindings: { SITES, ADMIN_TOKEN: "bench-admin-token" } };
    const miniflare = await startWorkerd(worker, join(folder, "state"));
    try {
      const url = await miniflare.ready;
      const agent = new Agent({ keepAlive: true, maxSockets: count });
      await ask(agent, url, { kind: "first", path: "/sites" });
      const pid = workerdPid();
      forgetPeak(pid);
      const cpu = cpuSeconds(pid);
      const until = performance.now() + 1000 * seconds;
      const outcomes = await Promise.all(
        Array.from({ length: count }, (_, client) => askUntil(until, agent, url, questions(year, client + 1))),
      );
      agent.destroy();
      const group = `${count} client${count === 1 ? "" : "s"} for ${seconds} s`;
      report(
        bench,
        group,
        outcomes.flat(),
        ofProcess(() => residentMb(pid, "VmHWM")),
      );
      bench.compare(group, "CPU s of workerd", [[ALL, ofProcess(() => cpuSeconds(pid) - cpu)]]);
    } finally {
      await miniflare.dispose();
    }
  }
}

/** A figure of workerd's process; 0: the process has died. */
function ofProcess(figure: () => number): number {
  try {
    return figure();
  } catch {
    return 0;
  }
}

async function askUntil(until: number, agent: Agent, url: URL, asked: Iterator<Question, never>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (performance.now() < until) {
    const outcome = await ask(agent, url, asked.next().value);
    outcomes.push(outcome);
    // as Retry-After asks; a server that is gone is not asked in a loop
    const pause = outcome.status === null ? 1000 : 1000 * outcome.retryAfter;
    const left = until - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, Math.max(0, Math.min(pause, left))));
  }
  return outcomes;
}

function ask(agent: Agent, url: URL, { kind, path }: Question): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const end = (status: number | null, retryAfter = 0) =>
      resolve({ kind, status, ms: performance.now() - started, retryAfter });
    const request = get(new URL(path, url), { agent, timeout: GIVE_UP_MS }, (response) => {
      response.resume();
      response.once("end", () => end(response.statusCode ?? null, Number(response.headers["retry-after"] ?? 0)));
      response.once("error", () => end(null));
    });
    request.once("timeout", () => request.destroy(new Error("no answer in time")));
    request.once("error", () => end(null));
  });
}

function report(bench: Bench, group: string, outcomes: readonly Outcome[], resident: number): void {
  const { seconds } = bench.size.load;
  const kinds = [ALL, ...KIND_NAMES];
  const byKind = kinds.map((kind) => outcomes.filter((one) => kind === ALL || one.kind === kind));
  const compare = (figure: string, of: (outcomes: readonly Outcome[]) => number) =>
    bench.compare(
      group,
      figure,
      kinds.map((kind, i) => [kind, of(byKind[i]!)] as const),
    );
  const answered = (some: readonly Outcome[]) => some.filter(({ status }) => status === 200);
  for (const percent of [50, 99]) {
    compare(
      `ms, p${percent}`,
      (some) =>
        percentile(
          answered(some).map(({ ms }) => ms),
          percent,
        ) || 0,
    );
  }
  compare("answers/s", (some) => answered(some).length / seconds);
  compare("503 busy", (some) => some.filter(({ status }) => status === 503).length);
  compare("other errors", (some) => some.filter(({ status }) => status !== 200 && status !== 503).length);
  bench.compare(group, "MB resident, peak", [[ALL, resident]]);
}
