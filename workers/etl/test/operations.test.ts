import { ALERT_KINDS } from "@building-vitals/core/alerts/alert";
import { REBUILD_OUTCOMES } from "@building-vitals/core/rebuild/rebuild-day";
import { expect, test } from "vitest";
import operations from "../../../docs/operations.md?raw";

const rowOf = (name: string) =>
  operations.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${name}\``));

test.each(ALERT_KINDS)("docs/operations.md explains when the alert %s fires, and the response", (kind) => {
  const row = operations.split("\n").find((line) => line.startsWith(`| \`${kind}\` |`));
  expect(row?.split("|").map((cell) => cell.trim().length > 10)).toEqual([
    false,
    expect.any(Boolean),
    true,
    true,
    false,
  ]);
});

test.each(REBUILD_OUTCOMES.filter((outcome) => outcome !== "unchanged" && outcome !== "rebuilt"))(
  "docs/operations.md explains the outcome %s of a rebuild",
  (outcome) => expect(rowOf(outcome.toUpperCase())).toBeDefined(),
);
