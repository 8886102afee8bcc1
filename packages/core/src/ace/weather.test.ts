import { describe, expect, it } from "vitest";
import { AceError } from "./ace-error.ts";
import { createAceClient } from "./client.ts";
import { type Answer, fakeClock, json, scriptedFetch, status } from "../../test/scripted-fetch.ts";

function setUp(answer: Answer) {
  const { fetch } = scriptedFetch(answer);
  const { now, sleep } = fakeClock();
  return { client: createAceClient({ baseUrl: "https://ace.test/api", apiKey: "k", fetch, now, sleep }) };
}

async function failure(promise: Promise<unknown>): Promise<AceError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof AceError)) throw new Error(`expected an AceError, got: ${String(error)}`);
  return error;
}

describe("weather", () => {
  const NO_READINGS = { readings: [], rejected: {}, rejectedReadings: [] };
  const reading = (value: unknown, time: unknown = "2025-10-12T14:45:00") => ({ name: "x", value, time });

  it("returns the readings, and counts fields without one", async () => {
    const { client } = setUp(
      json({
        weather: {
          temp: reading("21.5"),
          wind_deg: reading("270", "2025-10-12T14:40:00.5"),
          humidity: reading(null, null),
          pressure: reading("n/a"),
          clouds: reading("1", "2025-02-30T00:00:00"),
          dew_point: reading("1", "2025-10-12T15:10:00.001"),
          wet_bulb: reading("1", "1900-01-01T00:00:00"),
          wind_speed: null,
          feels_like: "warm",
          moon: reading("1"),
        },
      }),
    );
    expect(await client.weather("s")).toEqual({
      readings: [
        { field: "temp", time: Date.UTC(2025, 9, 12, 14, 45), value: 21.5 },
        { field: "wind_deg", time: Date.UTC(2025, 9, 12, 14, 40, 0, 500), value: 270 },
      ],
      rejected: { null: 1, non_numeric: 1, bad_time: 2, future: 1, malformed: 1 },
      rejectedReadings: [
        { field: "feels_like", reason: "malformed", given: "warm" },
        { field: "pressure", reason: "non_numeric", given: reading("n/a") },
        { field: "humidity", reason: "null", given: reading(null, null) },
        { field: "dew_point", reason: "future", given: reading("1", "2025-10-12T15:10:00.001") },
        { field: "clouds", reason: "bad_time", given: reading("1", "2025-02-30T00:00:00") },
        { field: "wet_bulb", reason: "bad_time", given: reading("1", "1900-01-01T00:00:00") },
      ],
    });
  });

  it("reads records with a common time, as in older documents", async () => {
    const record = {
      timestamp: "2025-10-12T14:45:00",
      temperature: 68.5,
      humidity: 45.2,
      precipitation: 0.0,
      wind_speed: 5.3,
      conditions: "clear",
    };
    const later = { timestamp: "2025-10-12T14:50:00Z", temperature: 68, humidity: null, wind_direction: "n/a" };
    const { client } = setUp(json({ data: [record, later, "storm"] }));
    const at = Date.UTC(2025, 9, 12, 14, 45);
    expect(await client.weather("s")).toEqual({
      readings: [
        { field: "temp", time: at, value: 68.5 },
        { field: "humidity", time: at, value: 45.2 },
        { field: "wind_speed", time: at, value: 5.3 },
        { field: "precipitation", time: at, value: 0 },
        { field: "temp", time: at + 300_000, value: 68 },
      ],
      rejected: { non_numeric: 1, malformed: 1 },
      rejectedReadings: [
        { field: "wind_deg", reason: "non_numeric", given: "n/a" },
        { field: null, reason: "malformed", given: "storm" },
      ],
    });
    expect(await setUp(json({ data: [] })).client.weather("s")).toEqual(NO_READINGS);
  });

  it("reads a flat record, alone or in the envelope", async () => {
    const flat = { temp: "21.7", wind_deg: "270", precipitation: null, timestamp: "2025-10-12T14:45:00" };
    for (const body of [flat, { weather: flat }]) {
      expect(await setUp(json(body)).client.weather("s")).toEqual({
        ...NO_READINGS,
        readings: [
          { field: "temp", time: Date.UTC(2025, 9, 12, 14, 45), value: 21.7 },
          { field: "wind_deg", time: Date.UTC(2025, 9, 12, 14, 45), value: 270 },
        ],
      });
    }
    const nothing = Object.fromEntries(Object.keys(flat).map((key) => [key, null]));
    expect(await setUp(json(nothing)).client.weather("s")).toEqual(NO_READINGS);
  });

  it("returns null without a feed, and throws otherwise", async () => {
    expect(await setUp(status(404, {}, '{"weather":null}')).client.weather("s")).toBeNull();
    expect(await failure(setUp(status(403)).client.weather("s"))).toMatchObject({ status: 403 });
    for (const body of [{ weather: null }, { data: null }, { timestamp: "2025-10-12T14:45:00" }, { temp: "21.7" }]) {
      expect(await failure(setUp(json(body)).client.weather("s"))).toMatchObject({ kind: "not_a_page" });
    }
    expect(await failure(setUp(json([])).client.weather("s"))).toMatchObject({ kind: "not_json" });
  });
});
