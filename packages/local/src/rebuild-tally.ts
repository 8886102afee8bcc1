import { stripVTControlCharacters } from "node:util";
import type { RebuildRun } from "./run-rebuild.ts";
import { formatCount, formatLine } from "./output-line.ts";

/** The results so far, as text. */
export class RebuildTally {
  readonly #isDry: boolean;
  readonly #outcomes = new Map<string, number>();
  #days = 0;
  #samples = 0;
  #monthsToBuild = 0;
  #at = "";

  /** @param isDry nothing is written */
  constructor(isDry: boolean) {
    this.#isDry = isDry;
  }

  /** @returns a line per faulty day */
  add({ days, months }: RebuildRun): string[] {
    const wrong: string[] = [];
    this.#monthsToBuild += months.filter(({ outcome }) => outcome === "to_build").length;
    for (const { key, outcome, samples, reason, day } of days) {
      this.#days++;
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
      this.#at = day ?? this.#at;
      if (outcome === "rebuilt") this.#samples += samples ?? 0;
      else if (outcome !== "unchanged") wrong.push(stripVTControlCharacters(`${outcome}  ${key}: ${reason ?? ""}`));
    }
    return wrong;
  }

  /** The progress as one line. */
  progress(): string {
    return [
      `${formatCount(this.#days, "day")} checked`,
      ...this.#parts(),
      ...(this.#at === "" ? [] : [`at ${this.#at}`]),
    ].join("  ");
  }

  /** The final result. */
  end(): string[] {
    const parts = this.#parts();
    const lines = [
      formatLine("done", `${formatCount(this.#days, "day")}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`),
    ];
    if (this.#samples > 0) lines.push(formatLine("", `${formatCount(this.#samples, "sample")} in rebuilt days`));
    if (this.#monthsToBuild > 0) {
      lines.push(
        formatLine("", `${formatCount(this.#monthsToBuild, "month file")} will be rebuilt from the days within hours`),
      );
    }
    if (!this.isWhole) lines.push(formatLine("", "docs/operations.md says what to do for each outcome in capitals"));
    return lines;
  }

  /** Whether D1 knows every day file, or would after a rebuild. */
  get isWhole(): boolean {
    return [...this.#outcomes.keys()].every((outcome) => outcome === "unchanged" || outcome === "rebuilt");
  }

  #parts(): string[] {
    const rebuilt = this.#isDry ? "to be rebuilt" : "rebuilt";
    return [...this.#outcomes].map(([outcome, n]) => {
      if (outcome === "unchanged") return `${n} in order`;
      return outcome === "rebuilt" ? `${n} ${rebuilt}` : `${n} ${outcome.toUpperCase()}`;
    });
  }
}
