import { expect, test } from "vitest";
import { createAceClient } from "./client.ts";
import { parseApiJson } from "./parse-json.ts";
import { scriptedFetch, text } from "../../test/scripted-fetch.ts";

test.each([
  ["[NaN,-Infinity,Infinity]", [null, null, null]],
  ['{"NaN":"NaN, -Infinity","a":NaN}', { NaN: "NaN, -Infinity", a: null }],
  [String.raw`{"a":"\\","b":"\"NaN","c":NaN}`, { a: "\\", b: '"NaN', c: null }],
])("reads bare tokens, and leaves texts unchanged: %s", (json, expected) => {
  expect(parseApiJson(json, "null")).toEqual(expected);
});

test.each(["[nan]", "[NaN", "[1NaN]", '["a]NaN'])("refuses %s as JSON", (json) => {
  expect(() => parseApiJson(json, "null")).toThrow(SyntaxError);
});

test("a bare NaN in a listed point drops only that property", async () => {
  const item = '{"id":1,"name":"a","collect_interval":NaN,"bacnet_data":{"present_value":NaN,"object_name":"A"}}';
  const list = `{"items":[${item}],"page":1,"pages":1,"per_page":10000,"total":1}`;
  const { fetch } = scriptedFetch(text(list));
  const client = createAceClient({ baseUrl: "https://ace.test/api", apiKey: "k", fetch });
  const listed = await client.configuredPoints("s");
  expect(JSON.stringify(listed)).toContain('"bacnetData":{"object_name":"A"}');
  expect(JSON.stringify(listed)).toContain('"collectIntervalS":null');
});
