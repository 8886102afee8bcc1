/** A sample of the Prometheus text format. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL}(?:,(?=.)|(?=\\})))*)\\})? (\\S+)$`);

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", '"': '"', "\\": "\\" };

/**
 * Parses the Prometheus text exposition format 0.0.4 strictly:
 * - HELP and TYPE occur once, before all samples of their metric.
 * - A metric's samples are together.
 * - Names of counters, and only these, end with `_total`.
 * - No sample occurs twice.
 * @throws {Error} with the line at fault
 */
export function parsePrometheus(text: string): ParsedSample[] {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const seen = new Set<string>();
  const samples: ParsedSample[] = [];
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string) => new Error(`${why}: ${line}`);
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (helped.has(name)) throw fail("HELP stands twice");
      helped.add(name);
      current = name;
      continue;
    }
    if (kind === "TYPE") {
      if (types.has(name) || name !== current) throw fail("TYPE stands twice, or apart from HELP");
      if (rest !== "counter" && rest !== "gauge") throw fail("unknown type");
      if ((rest === "counter") !== name.endsWith("_total")) throw fail("counters, and they alone, end with _total");
      types.set(name, rest);
      continue;
    }
    const [, metric = "", labelText = ""] = SAMPLE.exec(line) ?? [];
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    if (metric === "" || !Number.isFinite(value)) throw fail("no sample");
    if (metric !== current || !types.has(metric)) throw fail("a sample apart from its TYPE");
    if (types.get(metric) === "counter" && value < 0) throw fail("a counter below 0");
    const labels: Record<string, string> = {};
    for (const [, label = "", escaped = ""] of labelText.matchAll(new RegExp(LABEL, "g"))) {
      if (Object.hasOwn(labels, label)) throw fail("a label stands twice");
      labels[label] = escaped.replaceAll(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? "");
    }
    const identity = JSON.stringify([metric, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
    if (seen.has(identity)) throw fail("a sample comes twice");
    seen.add(identity);
    samples.push({ name: metric, labels, value });
  }
  return samples;
}
