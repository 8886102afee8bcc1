import { Problem } from "../domain/problem.ts";
import { countedBinding } from "./counted-binding.ts";
import { MAIN_DATABASE, type SiteConfig } from "../domain/site.ts";

/** The databases of a deployment. Each has the whole schema and its own site ids. */
export interface Databases {
  /** the main one: besides samples it holds the alerts and backfill jobs of all sites */
  readonly DB: D1Database;
  /** the other databases, by binding */
  readonly otherDatabases: ReadonlyMap<string, D1Database>;
}

/** Sites that share a database. */
export interface DatabaseSites {
  readonly binding: string;
  readonly db: D1Database;
  readonly sites: readonly SiteConfig[];
}

function isBound(value: unknown): value is D1Database {
  return typeof value === "object" && value !== null;
}

/**
 * The databases that SITES names besides the main one.
 * @param env a Worker's bindings, unchecked
 * @throws {Problem} `settings_invalid`, naming the missing binding
 */
export function otherDatabases(
  env: Readonly<Record<string, unknown>>,
  sites: readonly SiteConfig[],
): ReadonlyMap<string, D1Database> {
  const others = new Map<string, D1Database>();
  for (const { name, database } of sites) {
    if (database === MAIN_DATABASE) continue;
    const bound = env[database];
    if (!isBound(bound)) {
      const detail = `${database}: is not bound, but SITES puts the site ${JSON.stringify(name)} there`;
      throw new Problem("settings_invalid", detail, database);
    }
    others.set(database, countedBinding(bound));
  }
  return others;
}

/** The database of a site's samples. */
export function databaseOf({ DB, otherDatabases: others }: Databases, { database }: SiteConfig): D1Database {
  const db = database === MAIN_DATABASE ? DB : others.get(database);
  if (db === undefined) throw new Error(`the database ${database} was not bound when the settings were read`);
  return db;
}

/** All databases, the main one first. */
export function eachDatabase({ DB, otherDatabases: others }: Databases): [binding: string, db: D1Database][] {
  return [[MAIN_DATABASE, DB], ...others];
}

/** The databases of some sites, in the order of the sites. */
export function byDatabase(databases: Databases, sites: readonly SiteConfig[]): DatabaseSites[] {
  return [...Map.groupBy(sites, ({ database }) => database)].map(([binding, inIt]) => {
    return { binding, db: databaseOf(databases, inIt[0]!), sites: inIt };
  });
}
