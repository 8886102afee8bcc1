import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { z } from "zod";
import type { openApiOf } from "../openapi.ts";
import { STYLE } from "./style.ts";

type Document = Awaited<ReturnType<typeof openApiOf>>;
type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

const valueSchema = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.json()).optional(),
  default: z.json().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

/** The JSON body of an operation; its fields become rows beside the parameters. */
const bodySchema = z
  .object({
    content: z.object({
      "application/json": z.object({
        schema: z.object({
          properties: z.record(z.string(), valueSchema).default({}),
          required: z.array(z.string()).default([]),
        }),
      }),
    }),
  })
  .transform(({ content }) => {
    const { properties, required } = content["application/json"].schema;
    return Object.entries(properties).map(([name, schema]) => {
      return { name, in: "body", required: required.includes(name), description: schema.description, schema };
    });
  });

/** The parts of an operation that the page shows. */
const operationSchema = z.object({
  summary: z.string(),
  description: z.string().optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean(),
        description: z.string().optional(),
        schema: valueSchema,
      }),
    )
    .default([]),
  requestBody: bodySchema.optional(),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: z.record(z.string(), z.unknown()).default({}) }),
  ),
});
type ShownOperation = z.infer<typeof operationSchema>;
type ShownParameter = ShownOperation["parameters"][number];

/** Example values by parameter. Readers replace those of a site and of a point. */
const EXAMPLES: Readonly<Record<string, string>> = {
  site: "SITE",
  site_name: "SITE",
  file: "2025-10-12.parquet",
  point_names: "POINT",
  start_time: "2025-10-12T00:00:00Z",
  end_time: "2025-10-13T00:00:00Z",
  start: "2025-10-01",
  end: "2025-11-01",
  day: "2025-10-12",
  start_date: "2025-10-01",
  end_date: "2025-10-31",
};

const SCRIPT = `for (const button of document.querySelectorAll("button")) button.addEventListener("click", async () => {
  await navigator.clipboard.writeText(button.previousElementSibling.textContent);
  button.textContent = "copied";
});`;

/**
 * The reference page of a document. The page loads no other resource.
 * @param origin of the addresses in the examples
 */
export function docsPage(document: Document, origin: string, nonce: string): Markup {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).flatMap(([method, operation]) => {
      const parsed = operationSchema.safeParse(operation);
      return parsed.success ? [{ path, method: method.toUpperCase(), operation: parsed.data }] : [];
    }),
  );
  const { title, description } = document.info;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style nonce="${nonce}">
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>${description}</p>
          <p><a href="/openapi.json">OpenAPI document</a></p>
          <nav>
            ${operations.map(({ method, path }) => html`<a href="#${idOf(method, path)}"><b>${method}</b> ${path}</a>`)}
          </nav>
        </header>
        <main>${operations.map(({ method, path, operation }) => section(method, path, operation, origin))}</main>
        <script nonce="${nonce}">
          ${raw(SCRIPT)};
        </script>
      </body>
    </html>`;
}

function idOf(method: string, path: string): string {
  return `${method}${path}`.replace(/[^\w]+/g, "-").toLowerCase();
}

function section(method: string, path: string, operation: ShownOperation, origin: string): Markup {
  const { summary, description, responses, requestBody = [] } = operation;
  const parameters = [...operation.parameters, ...requestBody];
  return html`<section id="${idOf(method, path)}">
    <h2><b>${method}</b> ${path}</h2>
    <p>${summary}${description === undefined ? "" : [". ", prose(description)]}</p>
    ${
      parameters.length === 0
        ? ""
        : html`<table>
            <thead>
              <tr>
                <th>Parameter</th>
                <th>In</th>
                <th>Values</th>
                <th></th>
              </tr>
            </thead>
            <tbody>
              ${parameters.map(
                (parameter) =>
                  html`<tr>
                    <td><code>${parameter.name}</code>${parameter.required ? " *" : ""}</td>
                    <td>${parameter.in}</td>
                    <td>${valuesOf(parameter)}</td>
                    <td>${prose(parameter.description ?? "")}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    <div class="example">
      <pre>${exampleOf(method, path, parameters, origin)}</pre>
      <button type="button">copy</button>
    </div>
    <table>
      <thead>
        <tr>
          <th>Status</th>
          <th>Type</th>
          <th></th>
        </tr>
      </thead>
      <tbody>
        ${Object.entries(responses).map(
          ([status, response]) =>
            html`<tr>
              <td>${status}</td>
              <td>${Object.keys(response.content).join(", ")}</td>
              <td>${prose(response.description)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** Text whose parts between backticks are code, as in Markdown. */
function prose(text: string): (string | Markup)[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
}

function valuesOf({ schema }: ShownParameter): string {
  const { type = "", enum: choices, default: usual, minimum, maximum } = schema;
  const range = minimum === undefined && maximum === undefined ? "" : ` ${minimum ?? ""} to ${maximum ?? ""}`;
  const values = choices === undefined ? `${type}${range}` : choices.map(String).join(" | ");
  return usual === undefined ? values : `${values}; default ${JSON.stringify(usual)}`;
}

function exampleOf(method: string, path: string, parameters: readonly ShownParameter[], origin: string): string {
  const valueOf = (name: string) => EXAMPLES[name] ?? name.toUpperCase();
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => valueOf(name));
  const given = parameters.filter((parameter) => parameter.in === "query" && parameter.required);
  const query = new URLSearchParams(given.map(({ name }) => [name, valueOf(name)])).toString();
  const address = `'${origin}${filled}${query === "" ? "" : `?${query}`}'`;
  if (method === "GET") return `curl ${address}`;
  const fields = parameters.filter((parameter) => parameter.in === "body" && parameter.required);
  const body = JSON.stringify(Object.fromEntries(fields.map(({ name }) => [name, valueOf(name)])));
  return `curl -X ${method} ${address} -H 'authorization: Bearer ADMIN_TOKEN' -d '${body}'`;
}
