/** A metric's name and meaning, defined once. */
export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

export interface Measurement {
  readonly metric: Metric;
  readonly labels: Readonly<Record<string, string>>;
  /** null: unknown; the measurement is left out */
  readonly value: number | null;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Writes the Prometheus text exposition format 0.0.4: each metric's help and type once, then its measurements. */
export function renderPrometheus(measurements: readonly Measurement[]): string {
  const lines: string[] = [];
  for (const [metric, group] of Map.groupBy(measurements, (measurement) => measurement.metric)) {
    lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`);
    for (const { labels, value } of group) {
      if (value === null) continue;
      const text = Object.entries(labels).map(([name, label]) => `${name}="${escapeLabel(label)}"`);
      lines.push(`${metric.name}${text.length > 0 ? `{${text.join()}}` : ""} ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
