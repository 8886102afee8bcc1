import { expect, test } from "vitest";
import { readLocalSettings } from "./settings.ts";
import { checkWorkerSettings } from "./worker-settings.ts";

const RIGHT = {
  ACE_API_BASE_URL: "http://127.0.0.1:1/api",
  ACE_API_KEY: "key",
  ADMIN_TOKEN: "local-admin",
  SITES: '[{"name":"a","timezone":"America/Chicago"}]',
};

test("valid settings of a local run pass, with a second database", async () => {
  await expect(checkWorkerSettings(RIGHT)).resolves.toBeUndefined();
  const SITES = '[{"name":"a","timezone":"America/Chicago","database":"DB_1"}]';
  const settings = { ...RIGHT, SITES, ALERT_WEBHOOK_URL: "http://127.0.0.1:1/hook" };
  await expect(checkWorkerSettings(settings)).resolves.toBeUndefined();
});

test.each([
  [{ SETTLE_DAYS: "3,1" }, "SETTLE_DAYS: must be at most ten whole days from 1 to 366"],
  [{ ALERT_QUALITY: "2" }, "ALERT_QUALITY: must be a number from 0 to 1"],
  [{ PAGE_SIZE: "12345" }, "PAGE_SIZE: must be one of 3, 10"],
  [{ SITES: "nonsense" }, "SITES: must be a JSON array such as"],
  [{ SITES: '[{"name":"a","timezone":"Mars/Olympus"}]' }, 'SITES.0.timezone: "Mars/Olympus" is not an IANA time zone'],
  [{ ALERT_WEBHOOK_URL: "no-secret-address" }, "ALERT_WEBHOOK_URL: must be an http or https address, or empty"],
  [{ ADMIN_TOKEN: "no secret" }, "ADMIN_TOKEN: must be of visible ASCII characters"],
  [{ QUERY_TOKEN: "no-secret\n" }, "QUERY_TOKEN: must be of visible ASCII characters"],
  [{ ACCESS_AUD: "tag" }, "ACCESS_TEAM_DOMAIN: is not set"],
  [{ CORS_ORIGINS: "dash" }, "CORS_ORIGINS: must be * or origins"],
])("%j is refused once, by its name", async (wrong, message) => {
  const error = await checkWorkerSettings({ ...RIGHT, ...wrong }).catch((reason: unknown) => reason);
  const text = error instanceof Error ? error.message : "";
  expect(text.split(message)).toHaveLength(2);
  expect(text).not.toContain("secret");
});

test.each([
  [{ ETL_PORT: "abc" }, "ETL_PORT: must be a whole number from 1 to 65535"],
  [{ ETL_PORT: "0x10" }, "ETL_PORT: must be a whole number from 1 to 65535"],
  [{ QUERY_PORT: "65536" }, "QUERY_PORT: must be a whole number from 1 to 65535"],
  [{ SIMULATOR_POINTS: "-1" }, "SIMULATOR_POINTS: must be a whole number from 1 to 100000"],
  [{ CLOCK_OFFSET_SECONDS: "1h" }, "CLOCK_OFFSET_SECONDS: must be a whole number from -316224000 to 316224000"],
  [
    { ACE_API_BASE_URL: "flightdeck" },
    "ACE_API_BASE_URL: must be an https address (http only on the loopback address)",
  ],
])("%j of a local run is refused by its name", (wrong, message) => {
  expect(() => readLocalSettings(wrong)).toThrow(message);
});

test("a negative shift of the clock is read", () => {
  expect(readLocalSettings({ CLOCK_OFFSET_SECONDS: "-3600" }).CLOCK_OFFSET_SECONDS).toBe(-3600);
});
