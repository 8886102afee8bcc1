import { expect, test } from "vitest";
import { sitesSettingSchema } from "./site.ts";

const FALLS_CITY = { name: "ses_falls_city", timezone: "America/Chicago" };

test.each([
  [[FALLS_CITY]],
  [[FALLS_CITY, { name: "ses_bellevue", timezone: "UTC" }]],
  [[{ name: "a", timezone: "Asia/Kathmandu" }]],
  // links and old names of the zone database
  [
    [
      { name: "a", timezone: "US/Central" },
      { name: "b", timezone: "Asia/Calcutta" },
    ],
  ],
  [[{ name: "Häuser/7 %", timezone: "Europe/Zurich" }]],
  [[{ name: "x".repeat(200), timezone: "Etc/GMT+6" }]],
])("%j is a valid SITES setting", (sites) => {
  expect(sitesSettingSchema.parse(JSON.stringify(sites))).toEqual(sites.map((site) => ({ ...site, database: "DB" })));
});

test.each([
  ["", /must be a JSON array/],
  ["ses_falls_city", /must be a JSON array/],
  ['[{"name":"a","timezone":"UTC"}', /must be a JSON array/],
  ["null", /expected array/],
  ["{}", /expected array/],
  ['"[]"', /expected array/],
  ["[]", /Too small/],
  ["[null]", /expected object/],
  ['["ses_falls_city"]', /expected object/],
  ['[{"timezone":"UTC"}]', /expected string/],
  ['[{"name":"a"}]', /expected string/],
  ['[{"name":"","timezone":"UTC"}]', /Too small/],
  ['[{"name":7,"timezone":"UTC"}]', /expected string/],
  [JSON.stringify([{ name: "x".repeat(201), timezone: "UTC" }]), /Too big/],
  ['[{"name":"a","timezone":""}]', /\\"\\" is not an IANA time zone/],
  ['[{"name":"a","timezone":"America/Chcago"}]', /America\/Chcago\\" is not an IANA time zone/],
  ['[{"name":"a","timezone":"-06:00"}]', /-06:00\\" is not an IANA time zone/],
  ['[{"name":"a","timezone":"+0530"}]', /is not an IANA time zone/],
  ['[{"name":"a","timezone":"UTC","timezome":"x"}]', /Unrecognized key/],
  ['[{"name":"a","timezone":"UTC"},{"name":"a","timezone":"Asia/Tokyo"}]', /names a site twice/],
])("%s is refused with a reason", (text, reason) => {
  const parsed = sitesSettingSchema.safeParse(text);
  expect(parsed.success).toBe(false);
  expect(parsed.error?.message).toMatch(reason);
});
