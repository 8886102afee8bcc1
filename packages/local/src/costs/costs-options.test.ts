import { expect, it } from "vitest";
import { readCostsOptions } from "./costs-options.ts";

it("defaults to one site at 6.6 million samples a day", () => {
  expect(readCostsOptions([]).deployment).toEqual({
    points: 4_583,
    interval: 60,
    sites: 1,
    queries: 100_000,
    segmentDays: 2,
    years: 1,
    syncMinutes: 5,
    monthFiles: true,
  });
});

it("reads every option", () => {
  const args =
    "--points 10 --interval 600 --sites 3 --queries 0 --segment-days 5 --years 0.5 --sync-minutes 15 --no-month-files --json";
  const { deployment, json, explain } = readCostsOptions(args.split(" "));
  const expected = { points: 10, interval: 600, sites: 3, queries: 0, segmentDays: 5, years: 0.5, syncMinutes: 15 };
  expect([deployment, json, explain]).toEqual([{ ...expected, monthFiles: false }, true, false]);
});

it.each([
  ["--points 0", "--points: must be a whole number from 1 to 1000000"],
  ["--points 1e3", "--points: must be a whole number from 1 to 1000000"],
  ["--interval 7200", "--interval: must be a whole number from 1 to 3600"],
  [
    "--sites 1.5 --years -",
    "--sites: must be a whole number from 1 to 100000\n--years: must be a number from 0 to 100",
  ],
  ["--segment-days 0", "--segment-days: must be a whole number from 1 to 366"],
  ["--sync-minutes 61", "--sync-minutes: must be a whole number from 1 to 60"],
])("rejects %s", (args, message) => {
  expect(() => readCostsOptions(args.split(" "))).toThrow(message);
});

it("rejects an unknown option", () => {
  expect(() => readCostsOptions(["--point", "5"])).toThrow("--point");
});
