import { z } from "zod";
import { PROBLEMS } from "../src/domain/problem.ts";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ parameters: z.array(z.object({ name: z.string(), in: z.string() })) })),
  ),
});

/** For tests: entries of a Worker's OpenAPI document that docs/api.md lacks, and the reverse. */
export function undocumented(document: unknown, worker: "etl" | "backfill" | "query", api: string): string[] {
  const section = new RegExp(`^## ${worker}\\n([^]*?)(?=^## |$(?![^]))`, "m").exec(api)?.[1] ?? "";
  const { paths } = documentSchema.parse(document);
  const lacking: string[] = [];
  const known = new Set(["GET /", "GET /health", "GET /openapi.json", "GET /docs"]);
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { parameters }] of Object.entries(methods)) {
      const operation = `${method.toUpperCase()} ${path}`;
      if (known.has(operation)) continue;
      known.add(operation);
      if (!section.includes(`\`${operation}`)) lacking.push(`${operation} is not described`);
      for (const { name, in: place } of parameters) {
        const isNamed = place !== "query" || new RegExp(`[\`?&]${name}[\`&]`).test(section);
        if (!isNamed) lacking.push(`${operation}: ${name} is not described`);
      }
    }
  }
  for (const [, operation = ""] of section.matchAll(/^(?:\| |#+ |)`((?:GET|POST) \/[^`?&\s]*)/gm)) {
    if (!known.has(operation)) lacking.push(`${operation} is described, but does not exist`);
  }
  const codes = [...api.matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) \| (\d{3}) \|/gm)].flatMap(([, names = "", status]) =>
    names.split(", ").map((name) => `${name.replaceAll("`", "")} ${status}`),
  );
  const right = Object.entries(PROBLEMS).map(([code, { status }]) => `${code} ${status}`);
  lacking.push(...right.filter((code) => !codes.includes(code)).map((code) => `the code ${code} is not listed`));
  lacking.push(
    ...codes.filter((code) => !right.includes(code)).map((code) => `the code ${code} is listed, but does not exist`),
  );
  return lacking;
}
