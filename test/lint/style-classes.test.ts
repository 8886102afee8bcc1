import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const PAGE = join(import.meta.dirname, "../../packages/dashboard");
const textOf = (pattern: string) =>
  globSync(pattern, { cwd: PAGE })
    .map((file) => readFileSync(join(PAGE, file), "utf8"))
    .join("\n");

/** Classes of a style sheet that no source of the page names. uPlot sets its own, which begin with `u-`. */
function unusedClasses(styles: string, source: string): string[] {
  const rules = styles.replaceAll(/\/\*[^]*?\*\//g, "");
  const classes = new Set([...rules.matchAll(/\.([a-z][\w-]*)(?=[^{}]*\{)/gi)].map(([, name]) => name!));
  const words = new Set(source.match(/[A-Za-z][\w-]*/g));
  return [...classes].filter((name) => !name.startsWith("u-") && !words.has(name));
}

it("every class of the style sheets is set by the page", () => {
  const styles = textOf("src/**/*.css");
  expect(styles.length).toBeGreaterThan(10_000);
  expect(unusedClasses(styles, textOf("{index.html,src/**/*.{ts,tsx}}"))).toEqual([]);
});

it("finds a class whose name the page no longer sets", () => {
  const styles = ".day.empty-confirmed { color: red } .day.written, .u-over { margin: 0.5em }";
  expect(unusedClasses(styles, '<i class={`day ${state}`} /> "written" "confirmed-empty"')).toEqual([
    "empty-confirmed",
  ]);
});
