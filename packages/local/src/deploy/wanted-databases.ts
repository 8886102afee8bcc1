import { MAIN_DATABASE, type SiteConfig } from "@building-vitals/core/domain/site";
import type { WorkerName } from "../worker-names.ts";

/** The databases and sites in a Worker's wrangler file. */
export interface DeclaredDatabases {
  readonly worker: WorkerName;
  /** names by binding */
  readonly databases: readonly (readonly [binding: string, name: string])[];
  readonly sites: readonly SiteConfig[];
}

/**
 * The names of an environment's databases, the main one's first.
 * @throws Error for wrangler files that contradict each other, or a site whose database is not bound: its Worker would
 * look for samples in the wrong place
 */
export function wantedDatabases(environment: string, workers: readonly DeclaredDatabases[]): string[] {
  const named = new Map<string, { readonly name: string; readonly file: string }>();
  for (const { worker, databases } of workers) {
    const file = `wrangler.${worker}.toml`;
    for (const [binding, name] of databases) {
      const known = named.get(binding);
      if (known === undefined) named.set(binding, { name, file });
      else if (known.name !== name) {
        throw new Error(
          `${binding} of ${environment} is the database ${known.name} in ${known.file}, and ${name} in ${file}.`,
        );
      }
    }
  }
  for (const { worker, databases } of workers) requireAll(environment, `wrangler.${worker}.toml`, databases, named);
  requireSamePlaces(environment, workers);
  requireAllSites(environment, workers);
  const names = [...named].sort(([a], [b]) => order(a) - order(b)).map(([, { name }]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`Two bindings of ${environment} are the database ${twice}.`);
  return names;
}

function order(binding: string): number {
  return binding === MAIN_DATABASE ? 0 : Number(binding.replace(`${MAIN_DATABASE}_`, ""));
}

function requireAll(
  environment: string,
  file: string,
  databases: DeclaredDatabases["databases"],
  named: ReadonlyMap<string, { readonly file: string }>,
): void {
  const bindings = new Set(databases.map(([binding]) => binding));
  if (!bindings.has(MAIN_DATABASE)) throw new Error(`${file} has no database ${MAIN_DATABASE} for ${environment}.`);
  for (const [binding, { file: other }] of named) {
    if (bindings.has(binding)) continue;
    throw new Error(
      `${other} has a database ${binding} for ${environment}, and ${file} has not.\n` +
        `Put the same [[env.${environment}.d1_databases]] into all three wrangler files.`,
    );
  }
}

function requireSamePlaces(environment: string, workers: readonly DeclaredDatabases[]): void {
  const places = new Map<string, { readonly database: string; readonly file: string }>();
  for (const { worker, databases, sites } of workers) {
    const file = `wrangler.${worker}.toml`;
    const bindings = new Set(databases.map(([binding]) => binding));
    for (const { name, database } of sites) {
      const known = places.get(name);
      const says = `SITES of ${environment} in ${file} puts the site ${JSON.stringify(name)} into ${database}`;
      if (!bindings.has(database)) {
        throw new Error(`${says}, and there is no [[env.${environment}.d1_databases]] with that binding.`);
      }
      if (known !== undefined && known.database !== database) {
        throw new Error(`${says}, and that in ${known.file} into ${known.database}.`);
      }
      places.set(name, { database, file });
    }
  }
}

/** A site of etl must be in all three files, with the same zone: days begin at the zone's midnight. */
function requireAllSites(environment: string, workers: readonly DeclaredDatabases[]): void {
  const collected = workers.find(({ worker }) => worker === "etl")?.sites ?? [];
  for (const { worker, sites } of workers) {
    for (const { name, timezone } of collected) {
      const zone = sites.find((site) => site.name === name)?.timezone;
      if (zone === timezone) continue;
      const other = zone === undefined ? "lacks it" : `has ${zone}`;
      throw new Error(
        `SITES of ${environment} in wrangler.etl.toml has the site ${JSON.stringify(name)} with the zone ${timezone}, and wrangler.${worker}.toml ${other}.\n` +
          `Put the same sites into SITES of all three wrangler files.`,
      );
    }
  }
}
