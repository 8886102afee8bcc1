import { expect, test } from "vitest";
import { z } from "zod";
import { aceConnection, aceSettings } from "./ace-settings.ts";
import { parseSettings } from "./settings.ts";

const parse = (address: string, fields = {}) =>
  parseSettings(z.object(aceSettings), { ACE_API_BASE_URL: address, ACE_API_KEY: "k", ...fields });

test.each([
  "https://flightdeck.aceiot.cloud/api",
  "http://127.0.0.1:8790/api",
  "http://localhost/",
  "http://[::1]:1/api",
])("%s is an address of the API", (address) => {
  expect(aceConnection(parse(address))).toEqual({
    baseUrl: address.replace(/\/$/, ""),
    apiKey: "k",
    timeoutMs: 30_000,
    maxBodyBytes: 128_000_000,
  });
});

test.each([
  "http://flightdeck.aceiot.cloud/api",
  "http://127.0.0.1.example.com/api",
  "http://localhost@example.com/",
  "http://10.0.0.1/api",
  "ftp://127.0.0.1/",
  "flightdeck",
  "",
])("%j is refused by the setting's name", (address) => {
  expect(() => parse(address)).toThrow(/^ACE_API_BASE_URL: must be an https address/);
});

test("the time limit, the body limit and the page size are settings", () => {
  const settings = parse("https://a.test", { ACE_TIMEOUT_SECONDS: "12", ACE_MAX_BODY_MB: "5", PAGE_SIZE: "500000" });
  expect(aceConnection(settings)).toMatchObject({ timeoutMs: 12_000, maxBodyBytes: 5_000_000 });
  expect(settings.PAGE_SIZE).toBe(500_000);
});
