import type { Env as HonoEnv, Hono, MiddlewareHandler } from "hono";
import { describeRoute, type DescribeRouteOptions, generateSpecs } from "hono-openapi";
import { z } from "zod";
import { type ProblemCode, PROBLEMS } from "../domain/problem.ts";

/** The schema of a 2xx body, by media type; null: bytes or text without a schema. */
interface AnswerDescription {
  readonly description: string;
  readonly content?: Readonly<Record<string, z.ZodType | null>>;
}

/** The description of a route. Its schemas are those that the route parses with. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  /** who may call the route: everybody, readers, or administrators */
  readonly access: "open" | "read" | "write";
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  /** request headers with their meaning */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  /** a body, or values of query parameters */
  readonly example?: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** problems of this route, besides those of every route */
  readonly problems: readonly ProblemCode[];
}

type Parameter = Extract<NonNullable<DescribeRouteOptions["parameters"]>[number], { name: string }>;
type ParameterSchema = NonNullable<Parameter["schema"]>;
type SchemaObject = Exclude<ParameterSchema, { $ref: string }>;
type Responses = NonNullable<DescribeRouteOptions["responses"]>;

/** Converts between the JSON Schema types of zod and of OpenAPI. */
const schemaObject = z.custom<SchemaObject>((value) => typeof value === "object" && value !== null);

/** Problems of every route: a fault of the deployment or the platform, or an invalid request. */
const ANY_PROBLEM: readonly ProblemCode[] = [
  "address_too_long",
  "settings_invalid",
  "internal",
  "database_unavailable",
];

const problemSchema = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  field: z.string().optional(),
  matched: z.int().optional().meta({ description: "of `too_many_points`: points that the filter or search matches" }),
});

function schemaOf(schema: z.ZodType, io: "input" | "output"): SchemaObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return schemaObject.parse(rest);
}

function problemCodes({ access, body, problems }: Operation): ProblemCode[] {
  const ofAccess: ProblemCode[] = access === "open" ? [] : ["unauthorized", "too_many_attempts", "access_unavailable"];
  const isGuarded = access === "write" || (access === "read" && body !== undefined);
  const ofWrite: ProblemCode[] = isGuarded ? ["cross_site"] : [];
  return [...new Set([...problems, ...ofAccess, ...ofWrite, ...ANY_PROBLEM])];
}

function parametersOf({ path = {}, query, headers = {}, example = {} }: Operation): Parameter[] {
  const schema = query === undefined ? {} : schemaOf(query, "input");
  const required = new Set(schema.required);
  const inQuery = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = schemaObject.parse(property);
    const shown = name in example ? { example: example[name] } : {};
    return { name, in: "query", required: required.has(name), ...describedAs(description), ...shown, schema: rest };
  });
  const text = (place: string, isRequired: boolean) => (entry: readonly [string, string]) => {
    const [name, description] = entry;
    return { name, in: place, required: isRequired, description, schema: { type: "string" as const } };
  };
  const inPath = Object.entries(path).map(text("path", true));
  return [...inPath, ...inQuery, ...Object.entries(headers).map(text("header", false))];
}

function describedAs(description: string | undefined) {
  return description === undefined ? {} : { description };
}

function responsesOf(operation: Operation): Responses {
  const answers = Object.entries(operation.answers).map(([status, { description, content = {} }]) => {
    const types = Object.entries(content).map(([type, schema]) => [
      type,
      schema === null ? {} : { schema: schemaOf(schema, "output") },
    ]);
    return [status, { description, ...(types.length === 0 ? {} : { content: Object.fromEntries(types) }) }];
  });
  const byStatus = Map.groupBy(problemCodes(operation), (code) => PROBLEMS[code].status);
  const problems = [...byStatus].map(([status, codes]) => {
    const schema = {
      allOf: [
        { $ref: "#/components/schemas/Problem" },
        { properties: { code: { enum: codes }, status: { const: status } } },
      ],
    };
    const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join("; ");
    return [String(status), { description, content: { "application/problem+json": { schema } } }];
  });
  // A failed health check is a normal answer with status 503.
  return Object.fromEntries([...problems, ...answers]);
}

/** Describes the route whose handler follows; does nothing with requests. The schemas are created with the document. */
export function describe(operation: Operation): MiddlewareHandler {
  const { summary, description, access, body, example } = operation;
  const security = { open: [], read: [{}, { bearer: [] }, { access: [] }], write: [{ bearer: [] }, { access: [] }] };
  const spec: DescribeRouteOptions = {
    summary,
    ...describedAs(description),
    security: security[access],
    get parameters() {
      return parametersOf(operation);
    },
    get responses() {
      return responsesOf(operation);
    },
  };
  if (body === undefined) return describeRoute(spec);
  const shown = example === undefined ? {} : { example };
  const requestBody = () => ({
    required: false,
    content: { "application/json": { schema: schemaOf(body, "input"), ...shown } },
  });
  return describeRoute(Object.defineProperty(spec, "requestBody", { get: requestBody, enumerable: true }));
}

/** The OpenAPI 3.1 document of all described routes of an app. */
export async function openApiOf<E extends HonoEnv>(app: Hono<E>, title: string, description: string) {
  return generateSpecs(app, {
    excludeStaticFile: false,
    documentation: {
      info: { title, version: "1", description },
      servers: [{ url: "/" }],
      components: {
        schemas: { Problem: schemaOf(problemSchema, "output") },
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "The deployment's token, where it has one." },
          access: {
            type: "apiKey",
            in: "header",
            name: "Cf-Access-Jwt-Assertion",
            description: "Set by Cloudflare Access, where the deployment is behind it.",
          },
        },
      },
    },
  });
}
