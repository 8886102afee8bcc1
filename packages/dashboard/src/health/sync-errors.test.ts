import { describe, expect, it } from "vitest";
import { errorGroups } from "./sync-errors.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 23, 5, minute)).toISOString();
const timeout = { stage: "timeseries", code: "timeout", message: "no answer within 20 s" };

describe("errors of several runs", () => {
  it("with the same text are merged, with the newest time; newest first", () => {
    const weather = { stage: "weather", code: "http", message: "answered 503" };
    const groups = errorGroups([
      { at: at(10), ...timeout },
      { at: at(20), ...weather },
      { at: at(15), ...timeout },
    ]);
    expect(groups).toEqual([
      {
        text: "The building's API refused, while requesting the weather",
        code: "http",
        message: "answered 503",
        count: 1,
        at: Date.parse(at(20)),
      },
      {
        text: "The building's API did not answer in time, while requesting samples",
        code: "timeout",
        message: "no answer within 20 s",
        count: 2,
        at: Date.parse(at(15)),
      },
    ]);
  });

  it("with other messages stay apart, also for unknown codes", () => {
    const groups = errorGroups([
      { at: at(1), ...timeout },
      { at: at(2), ...timeout, message: "no answer within 5 s" },
      { at: at(0), stage: "attic", code: "bats", message: "bats" },
    ]);
    expect(groups.map(({ count }) => count)).toEqual([1, 1, 1]);
    expect(groups[2]!.text).toBe("Unknown error, at attic");
  });
});
