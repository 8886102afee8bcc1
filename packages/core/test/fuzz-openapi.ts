import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { z } from "zod";

/** For tests: sends every operation of an OpenAPI document valid and invalid requests. */

const schemaSchema = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.json()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  properties: z.record(z.string(), z.looseObject({})).optional(),
  required: z.array(z.string()).optional(),
});

const operationSchema = z.object({
  security: z.array(z.record(z.string(), z.json())),
  parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean(), schema: schemaSchema })),
  requestBody: z.object({ content: z.object({ "application/json": z.object({ schema: schemaSchema }) }) }).optional(),
  responses: z.record(
    z.string(),
    z.object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}).optional() })).optional() }),
  ),
});
type Operation = z.infer<typeof operationSchema>;
type Schema = z.infer<typeof schemaSchema>;

const documentSchema = z.object({
  openapi: z.string().startsWith("3.1"),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({}),
});

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface FuzzOptions {
  readonly call: (request: FuzzRequest) => Promise<Response>;
  /** existing values of parameters and body fields, by name */
  readonly known: Readonly<Record<string, readonly string[]>>;
  /** headers with write access */
  readonly admin: Readonly<Record<string, string>>;
  /** requests per operation, and as many again for each three parameters */
  readonly runs: number;
  /** valid bodies by operation, sent first, because random ones are rarely valid */
  readonly bodies?: Readonly<Record<string, object>>;
}

const NONSENSE = fc.oneof(
  fc.constantFrom("", " ", "0", "-1", "1e21", "NaN", "null", "undefined", "[object Object]", "__proto__", "a,b,,", "%"),
  fc.constantFrom("' OR 1=1 --", "../../etc", "\u0000", "\uD83D\uDE00", "𝒳".repeat(50), "9".repeat(15), "-".repeat(3)),
  fc.constantFrom("1970-01-01", "9999-12-31T23:59:59Z", "2025-02-30", "-999999999999999", "x".repeat(4_000)),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.integer().map(String),
);

function valueOf(schema: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const { enum: choices = [], minimum, maximum } = schema;
  const bounds = [minimum, maximum].flatMap((bound) => (bound === undefined ? [] : [bound - 1, bound, bound + 1]));
  const good = [...known, ...choices.map(String), ...bounds.map(String)];
  if (good.length === 0) return NONSENSE;
  return fc.oneof({ arbitrary: fc.constantFrom(...good), weight: 24 }, { arbitrary: NONSENSE, weight: 1 });
}

const HEADERS = fc.record(
  {
    "if-none-match": fc.constantFrom("*", '"a", W/"b"', "", "W/", ",,,", '"'.repeat(200)),
    range: fc.constantFrom("bytes=0-", "bytes=5-1", "bytes=-0", "lines=1-2", "bytes=99999999999-"),
    "if-range": fc.constantFrom("*", '"a"', "x"),
    origin: fc.constantFrom("https://dash.example.com", "null", "x"),
    accept: fc.constantFrom("text/csv", "*/*", "nonsense"),
    "cf-access-jwt-assertion": fc.constantFrom("a.b.c", "x"),
  },
  { requiredKeys: [] },
);

function requestOf(method: string, path: string, operation: Operation, { known, admin }: FuzzOptions) {
  const { parameters, requestBody, security } = operation;
  const inQuery = parameters.filter((one) => one.in === "query");
  const query = fc.tuple(
    ...inQuery.map(({ name, required, schema }) => {
      const value = valueOf(schema, known[name] ?? []);
      const values = schema.type === "array" ? fc.array(value, { maxLength: 3 }) : value.map((text) => [text]);
      const absent = fc.constant<string[]>([]);
      const often = fc.oneof(
        { arbitrary: values, weight: required ? 40 : 6 },
        { arbitrary: absent, weight: required ? 1 : 15 },
        { arbitrary: fc.array(value, { minLength: 2, maxLength: 2 }), weight: 1 },
      );
      return often.map((texts) => texts.map((text): [string, string] => [name, text]));
    }),
    fc.oneof({ arbitrary: fc.constant([]), weight: 15 }, fc.constant<[string, string][]>([["no_such", "1"]])),
  );
  const inPath = fc.record(
    Object.fromEntries(
      parameters
        .filter((one) => one.in === "path")
        .map(({ name, schema }) => [name, valueOf(schema, known[name] ?? [])]),
    ),
  );
  const { properties = {}, required: requiredKeys = [] } = requestBody?.content["application/json"].schema ?? {};
  const fields = Object.entries(properties);
  const field = ([name, schema]: [string, unknown]) => {
    const parsed = schemaSchema.parse(schema);
    const text = valueOf(parsed, known[name] ?? []);
    const good =
      parsed.type === "array" ? fc.array(text, { maxLength: 3 }) : parsed.type === "boolean" ? fc.boolean() : text;
    return [name, fc.oneof({ arbitrary: good, weight: 12 }, fc.jsonValue())] as const;
  };
  const body =
    requestBody === undefined
      ? fc.constant(null)
      : fc.oneof(
          {
            arbitrary: fc.record(Object.fromEntries(fields.map(field)), { requiredKeys }).map((o) => JSON.stringify(o)),
            weight: 12,
          },
          fc.record(Object.fromEntries(fields.map(field)), { requiredKeys: [] }).map((o) => JSON.stringify(o)),
          fc.json(),
          fc.constantFrom("", "{", "\u0000", "[]", JSON.stringify({ site: "x".repeat(70_000) })),
        );
  const isWrite = security.length > 0 && security.every((way) => Object.keys(way).length > 0);
  const credentials = isWrite
    ? fc.oneof({ arbitrary: fc.constant(admin), weight: 9 }, fc.constantFrom({}, { authorization: "Bearer wrong" }))
    : fc.constant({});
  return fc.record({ query, inPath, body, credentials, headers: HEADERS }).map((parts): FuzzRequest => {
    const address = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent((parts.inPath[name] ?? "").toWellFormed()),
    );
    const pairs = new URLSearchParams(parts.query.flat()).toString();
    return {
      method: method.toUpperCase(),
      path: pairs === "" ? address : `${address}?${pairs}`,
      headers: { ...parts.headers, ...parts.credentials },
      body: parts.body,
    };
  });
}

/**
 * Sends generated requests to every operation. @returns how often each operation answered with each status
 * @throws if an answer is a 5xx, has an undocumented status, or violates its schema
 */
export async function fuzzOpenApi(
  document: unknown,
  options: FuzzOptions,
): Promise<Record<string, Record<string, number>>> {
  const { paths, components } = documentSchema.parse(document);
  const statuses: Record<string, Record<string, number>> = {};
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const seen: Record<string, number> = {};
      const name = `${method.toUpperCase()} ${path}`;
      statuses[name] = seen;
      const body = options.bodies?.[name];
      const known = path.replace(/\{(\w+)\}/g, (_, part: string) =>
        encodeURIComponent(options.known[part]?.[0] ?? part),
      );
      const given = { method: method.toUpperCase(), path: known, headers: options.admin, body: JSON.stringify(body) };
      const examples: [FuzzRequest][] = body === undefined ? [] : [[given]];
      const check = checkerOf(operation, components);
      await fc.assert(
        fc.asyncProperty(requestOf(method, path, operation, options), async (request) => {
          const response = await options.call(request);
          seen[response.status] = (seen[response.status] ?? 0) + 1;
          if (request === given && !response.ok) throw new Error(`${name}: ${await response.text()}`);
          // A path with an empty or odd segment is another path.
          const isAddressed = new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`).test(request.path.split("?")[0]!);
          await check(response, isAddressed);
        }),
        { numRuns: options.runs * Math.max(1, Math.ceil(operation.parameters.length / 3)), examples },
      );
    }
  }
  return statuses;
}

function checkerOf({ responses }: Operation, components: object) {
  return async (response: Response, isAddressed: boolean): Promise<void> => {
    const { status } = response;
    const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
    const text = new TextDecoder().decode(await response.arrayBuffer());
    const fail = (reason: string) => new Error(`${status} ${type}: ${reason}: ${text.slice(0, 500)}`);
    if (status >= 500) throw fail("a server's error");
    if (status === 404 && !isAddressed) return;
    const described = responses[status];
    if (described === undefined) throw fail("this status is not documented");
    if (status >= 400 && type !== "application/problem+json") throw fail("not a problem");
    if (status === 304) {
      if (text !== "") throw fail("has a body");
      return;
    }
    const content = described.content?.[type];
    if (content === undefined) throw fail("this type is not documented");
    if (content.schema === undefined) return;
    const result = new Validator({ ...content.schema, components }, "2020-12").validate(JSON.parse(text));
    if (!result.valid) throw fail(result.errors.map((one) => `${one.instanceLocation} ${one.error}`).join("; "));
  };
}
