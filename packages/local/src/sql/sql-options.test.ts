import { expect, test } from "vitest";
import { readSqlOptions } from "./sql-options.ts";

const NOW = Date.parse("2025-10-12T23:59:00Z");
const URL_OPTION = ["--url", "https://query.example.com/"];
const read = (args: readonly string[], environment: Record<string, string> = {}) =>
  readSqlOptions(["SELECT 1", ...args], environment, NOW);

test("without --url the local state is read", () => {
  expect(read(["--json"], { QUERY_TOKEN: "t" })).toEqual({ sql: "SELECT 1", json: true, deployment: null });
});

test.each([
  [[], "2025-10-06", "2025-10-12", true],
  [["--to", "2025-03-01"], "2025-02-23", "2025-03-01", true],
  [["--from", "2025-10-12"], "2025-10-12", "2025-10-12", false],
  [["--from", "2024-01-01", "--to", "2024-12-31"], "2024-01-01", "2024-12-31", false],
])("the days of a deployment by default and by option: %j", (args, from, to, isDefaultRange) => {
  const deployment = { url: "https://query.example.com", token: "t", sites: null, range: { from, to }, isDefaultRange };
  expect(read([...URL_OPTION, ...args], { QUERY_TOKEN: "t" })).toMatchObject({ deployment });
});

test.each([
  ["an address that a token must not go to", ["--url", "http://query.example.com"], "--url: must be an https address"],
  ["days of a local state", ["--from", "2025-10-12"], "--site, --from and --to are for a deployment"],
  ["a first day after the last", [...URL_OPTION, "--from", "2025-10-13"], "--from 2025-10-13 is after --to 2025-10-12"],
  ["an invalid day", [...URL_OPTION, "--from", "2025-02-30"], "--from: must be a day"],
  ["a token on the command line", [...URL_OPTION, "--token", "secret"], "Unknown option '--token'"],
])("%s is refused", (_, args, message) => {
  expect(() => read(args)).toThrow(message);
});

test("an invalid token is refused without being printed", () => {
  const refused = () => read(URL_OPTION, { QUERY_TOKEN: "sec ret" });
  expect(refused).toThrow("QUERY_TOKEN must be of visible ASCII characters");
  expect(refused).not.toThrow("sec ret");
});
