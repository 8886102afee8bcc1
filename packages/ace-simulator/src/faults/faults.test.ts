import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createBuilding } from "../building.ts";
import type { FaultPlanInput } from "./fault-plan.ts";
import { createSimulator, type Simulator } from "../simulator.ts";
import { fetchAll, get, getPage, setFaults, TEST_KEY, type Row, type Window } from "../simulator-client.ts";
import { sourceRows } from "../source-rows.ts";

const NOW = Date.UTC(2025, 9, 12, 15, 0);
const HOUR = 3_600_000;
const building = createBuilding({ seed: 3, site: "ses_falls_city", timezone: "America/Chicago", points: 120 });
const START = NOW - 900_000;
const GOOD = sourceRows(building, START, NOW);
const iso = (ms: number): string => new Date(ms).toISOString();
const WINDOW: Window = { site: "ses_falls_city", start: iso(START), end: iso(NOW), pageSize: 100 };

type Rules = NonNullable<FaultPlanInput["rules"]>;

function simulate(rules: Rules, now: () => number = () => NOW): Simulator {
  return createSimulator({ sources: [building], apiKey: TEST_KEY, now, faults: { seed: 5, rules } });
}

async function fired(simulator: Simulator): Promise<unknown> {
  return (await get(simulator, "/_simulator/stats")).json();
}

const listSchema = z.looseObject({ items: z.array(z.looseObject({ name: z.string() })) });

async function list(rules: Rules, query = "") {
  const response = await get(simulate(rules), `/api/sites/ses_falls_city/points?${query}`);
  return listSchema.parse(await response.json());
}

async function weather(rules: Rules): Promise<unknown> {
  return (await get(simulate(rules), "/api/sites/ses_falls_city/weather")).json();
}

const namesOf = ({ items }: z.infer<typeof listSchema>) => items.map(({ name }) => name);
const NAMES = building.points.map(({ name }) => name);

const status = async (simulator: Simulator, path = "/api/sites/"): Promise<number> =>
  (await get(simulator, path)).status;
const key = (row: Row): string => JSON.stringify(row);

describe("fault rules", () => {
  const sequence = async (rule: Rules[number], count = 12): Promise<string> => {
    const simulator = simulate([rule]);
    let pattern = "";
    for (let i = 0; i < count; i++) pattern += (await status(simulator)) === 200 ? "." : "x";
    return pattern;
  };

  test("fire always, every nth time, or up to a limit", async () => {
    expect(await sequence({ fault: "503" })).toBe("xxxxxxxxxxxx");
    expect(await sequence({ fault: "503", times: 2 })).toBe("xx..........");
    expect(await sequence({ fault: "503", everyNth: 4 })).toBe("...x...x...x");
    expect(await sequence({ fault: "503", everyNth: 4, times: 2 })).toBe("...x...x....");
    expect(await sequence({ fault: "503", endpoint: "weather" })).toBe("............");
  });

  test("fire with a probability, repeatably by seed", async () => {
    const pattern = await sequence({ fault: "503", probability: 0.3 }, 400);
    expect(await sequence({ fault: "503", probability: 0.3 }, 400)).toBe(pattern);
    const share = pattern.replaceAll(".", "").length / 400;
    expect(Math.abs(share - 0.3)).toBeLessThan(0.08);
    expect(await sequence({ fault: "503", probability: 0 })).toBe("............");
  });

  test("fire in order, and only the first that fires is counted", async () => {
    const simulator = simulate([{ fault: "502", everyNth: 2 }, { fault: "503" }]);
    expect([await status(simulator), await status(simulator), await status(simulator)]).toEqual([503, 502, 503]);
    expect(await fired(simulator)).toEqual({ requests: { sites: 3 }, faults: { "502": 1, "503": 2 } });
  });

  test("are set, refused and cleared at run time", async () => {
    const simulator = simulate([]);
    const wrong = [
      { rules: [{ fault: "418" }] },
      { rules: [{ fault: "500", probability: 2 }] },
      { rules: [{ fault: "500", probability: 0.5, everyNth: 2 }] },
      { rules: [{ fault: "500", endpoint: "weather", times: 0 }] },
      { rules: [{ fault: "late", minDelayMs: 2, maxDelayMs: 1 }] },
      { rules: [{ fault: "duplicates", endpoint: "weather" }] },
    ];
    for (const plan of wrong) expect((await setFaults(simulator, plan)).status).toBe(400);
    expect(await status(simulator)).toBe(200);
    expect((await setFaults(simulator, { rules: [{ fault: "500" }] })).status).toBe(200);
    expect(await status(simulator)).toBe(500);
    expect((await get(simulator, "/_simulator/faults", { method: "DELETE" })).status).toBe(204);
    expect(await status(simulator)).toBe(200);
  });
});

describe("faults of the whole answer", () => {
  test("429 gives the time to wait", async () => {
    const response = await get(simulate([{ fault: "429", retryAfterSeconds: 9 }]), "/api/sites/");
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "9"]);
  });

  test.each(["403", "500", "502", "503", "504"] as const)("%s", async (fault) => {
    expect(await status(simulate([{ fault }]))).toBe(Number(fault));
  });

  test("html is a 200 without JSON", async () => {
    const response = await get(simulate([{ fault: "html" }]), "/api/sites/");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html"]);
    expect(await response.text()).toMatch(/^<html>/);
  });

  test("cut ends the body early, or breaks the connection", async () => {
    const whole = await (await get(simulate([]), "/api/sites/")).text();
    const ended = await (await get(simulate([{ fault: "cut" }]), "/api/sites/")).text();
    expect(ended.length).toBeGreaterThan(10);
    expect(ended.length < whole.length && whole.startsWith(ended)).toBe(true);
    const broken = await get(simulate([{ fault: "cut", how: "reset" }]), "/api/sites/");
    await expect(broken.text()).rejects.toThrow("reset");
  });

  test("hang answers after its time, or waits until the client gives up", async () => {
    const waits: number[] = [];
    const slow = createSimulator({
      sources: [building],
      apiKey: TEST_KEY,
      now: () => NOW,
      faults: { rules: [{ fault: "hang", hangMs: 30_000 }] },
      sleep: async (ms) => void waits.push(ms),
    });
    expect([await status(slow), waits]).toEqual([200, [30_000]]);

    for (const hangMs of [undefined, 60_000]) {
      const client = new AbortController();
      const rule = hangMs === undefined ? { fault: "hang" as const } : { fault: "hang" as const, hangMs };
      const answer = get(simulate([rule]), "/api/sites/", { signal: client.signal });
      client.abort(new Error("gave up"));
      await expect(answer).rejects.toThrow("gave up");
    }
  });
});

test("null_pages hides the number of pages", async () => {
  const response = await get(simulate([{ fault: "null_pages" }]), "/api/sites/ses_falls_city/points");
  expect(await response.json()).toMatchObject({ pages: null, page: 1, total: building.points.length });
});

test.each([
  ["null_total", { total: null }],
  ["wrong_page_number", { page: 1 }],
] as const)("%s changes the paging fields only", async (fault, fields) => {
  expect(await list([{ fault }], "page=2")).toEqual({ ...(await list([], "page=2")), ...fields });
});

test("short_list claims that its first entries are all", async () => {
  const short = await list([{ fault: "short_list", keep: 2 }]);
  expect(short).toMatchObject({ pages: 1, total: 2 });
  expect(namesOf(short)).toEqual(NAMES.slice(0, 2));
});

test("capped_page has too few entries; same_page always has the first page", async () => {
  const capped = await list([{ fault: "capped_page", most: 4 }], "per_page=10&page=2");
  expect(capped).toMatchObject({ per_page: 10, page: 2, total: NAMES.length });
  expect(namesOf(capped)).toEqual(NAMES.slice(4, 8));
  expect(namesOf(await list([{ fault: "same_page" }], "per_page=10&page=2"))).toEqual(NAMES.slice(0, 10));
});

test("duplicate_ids adds an entry that contradicts the last", async () => {
  const { items, ...fields } = await list([{ fault: "duplicate_ids" }], "per_page=500");
  const last = building.points.at(-1);
  expect(fields).toMatchObject({ total: NAMES.length + 1 });
  expect(items.slice(-2)).toEqual([last, { ...last, kv_tags: {}, bacnet_data: { object_units: "percent" } }]);
});

test("weather_form gives the same values in another form", async () => {
  const feed = z
    .object({ weather: z.record(z.string(), z.object({ value: z.string() })) })
    .parse(await weather([])).weather;
  const [temp, wind] = [feed["temp"]?.value, feed["wind_deg"]?.value];
  expect(await weather([{ fault: "weather_form", form: "flat" }])).toMatchObject({ temp, wind_deg: wind });
  expect(await weather([{ fault: "weather_form", form: "records" }])).toMatchObject({
    data: [{ temperature: Number(temp), precipitation: 0, conditions: "clear" }],
  });
});

describe("faults of a page", () => {
  test("repeat_cursor returns the incoming cursor", async () => {
    const simulator = simulate([{ fault: "repeat_cursor" }]);
    const first = await getPage(simulator, WINDOW);
    const second = await getPage(simulator, WINDOW, first.next_cursor!);
    expect(second.next_cursor).toBe(first.next_cursor);
    expect(await fired(simulator)).toMatchObject({ faults: { repeat_cursor: 1 } });
  });

  test("repeat_cursor with a cycle returns the one before it", async () => {
    const simulator = simulate([{ fault: "repeat_cursor", cycle: true }]);
    const window = { ...WINDOW, pageSize: 500 };
    const a = (await getPage(simulator, window)).next_cursor!;
    const b = (await getPage(simulator, window, a)).next_cursor!;
    expect(b).not.toBe(a);
    expect((await getPage(simulator, window, b)).next_cursor).toBe(a);
    expect((await getPage(simulator, window, a)).next_cursor).toBe(b);
  });

  test("empty_page_with_cursor loses nothing, and never repeats a cursor", async () => {
    const simulator = simulate([{ fault: "empty_page_with_cursor", probability: 0.5 }]);
    expect(await fetchAll(simulator, WINDOW)).toEqual(GOOD);
    const empty = await getPage(simulate([{ fault: "empty_page_with_cursor" }]), WINDOW);
    expect(empty).toMatchObject({ point_samples: [], has_more: true, next_cursor: expect.any(String) });
  });

  // small pages begin and end inside one scrape, where a client counts rows to repair the cursor; large ones do not
  test.each([10, 100, 500])("duplicates repeats rows and loses none, in pages of %i", async (pageSize) => {
    const rows = await fetchAll(simulate([{ fault: "duplicates" }]), { ...WINDOW, pageSize });
    expect(rows.length).toBeGreaterThan(GOOD.length * 1.01);
    expect([...new Set(rows.map(key))]).toEqual(GOOD.map(key));
  });

  test("out_of_order shuffles a page, and keeps its rows and its cursor", async () => {
    const window = { ...WINDOW, pageSize: 500 };
    const plain = await getPage(simulate([]), window);
    const mixed = await getPage(simulate([{ fault: "out_of_order" }]), window);
    expect(mixed.next_cursor).toBe(plain.next_cursor);
    expect(mixed.point_samples).not.toEqual(plain.point_samples);
    expect(mixed.point_samples.map(key).toSorted()).toEqual(plain.point_samples.map(key).toSorted());
    const all = await fetchAll(simulate([{ fault: "out_of_order" }]), WINDOW);
    expect(all.map(key).toSorted()).toEqual(GOOD.map(key).toSorted());
  });

  test.each([10, 100, 500])("bad_values stand beside the good rows, in pages of %i", async (pageSize) => {
    const rows = await fetchAll(simulate([{ fault: "bad_values" }]), { ...WINDOW, pageSize });
    const good = new Set(GOOD.map(key));
    const bad = rows.filter((row) => !good.has(key(row)));
    expect(rows.filter((row) => good.has(key(row)))).toEqual(GOOD);
    const names = new Set(building.points.map((point) => point.name));
    expect(bad.every((row) => names.has(row.name))).toBe(true);
    const values = new Set(bad.map((row) => row.value));
    for (const value of ["NaN", null, "Infinity", "{fault}", ""]) expect(values).toContain(value);
    const times = new Set(bad.map((row) => row.time));
    for (const time of ["yesterday", null]) expect(times).toContain(time);
  });

  test("all of them together keep every good row", async () => {
    const faults = ["duplicates", "out_of_order", "bad_values", "empty_page_with_cursor"] as const;
    const simulator = simulate(faults.map((fault) => ({ fault, probability: 0.4 })));
    const rows = new Set((await fetchAll(simulator, WINDOW)).map(key));
    expect(GOOD.filter((row) => !rows.has(key(row)))).toEqual([]);
    expect(await fired(simulator)).toMatchObject({
      faults: Object.fromEntries(faults.map((fault) => [fault, expect.any(Number)])),
    });
  });
});

describe("late samples", () => {
  const rule = { fault: "late", fraction: 0.2, minDelayMs: HOUR, maxDelayMs: 3 * HOUR } as const;
  const servedAt = async (now: number): Promise<string[]> =>
    (
      await fetchAll(
        simulate([rule], () => now),
        WINDOW,
      )
    ).map(key);

  test("appear one to three hours late, about a fifth of all", async () => {
    const all = GOOD.map(key);
    const prompt = await servedAt(NOW);
    expect(Math.abs(1 - prompt.length / all.length - 0.2)).toBeLessThan(0.03);
    expect(await servedAt(NOW)).toEqual(prompt);
    expect(await servedAt(START + HOUR)).toEqual(prompt);
    const later = await servedAt(NOW + 2 * HOUR);
    expect(later.length).toBeGreaterThan(prompt.length);
    expect(later.length).toBeLessThan(all.length);
    expect(prompt.filter((row) => !later.includes(row))).toEqual([]);
    expect(await servedAt(NOW + 3 * HOUR)).toEqual(all);
  });
});

describe("missing hours", () => {
  const healedAt = NOW + HOUR;
  const range: [number, number] = [START + 300_000, START + 600_000];
  const served = (now: number, window: Window = WINDOW) =>
    fetchAll(
      simulate([{ fault: "missing_hours", ranges: [range], healedAt }], () => now),
      window,
    );

  test("are served only after they heal", async () => {
    const outside = [...sourceRows(building, START, range[0]), ...sourceRows(building, range[1], NOW)];
    expect(await served(NOW)).toEqual(outside);
    expect(await served(healedAt - 1)).toEqual(outside);
    expect(await served(healedAt)).toEqual(GOOD);
  });

  test("are an empty page if the window lies inside", async () => {
    expect(await served(NOW, { ...WINDOW, start: iso(range[0]), end: iso(range[1]) })).toEqual([]);
  });
});
