import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** The permission groups of an API token that a deploy needs. */
export const RIGHTS = [
  "Account Settings",
  "Workers Scripts",
  "Workflows",
  "D1",
  "Workers R2 Storage",
  "Workers KV Storage",
] as const;
export type Right = (typeof RIGHTS)[number];

/** A version of a Worker, as its upload declared it. */
export interface FakeVersion {
  readonly id: string;
  readonly bindings: readonly { readonly type: string; readonly name: string }[];
  readonly limits: unknown;
  /** gzipped size of all its modules */
  readonly gzipBytes: number;
}

export interface FakeWorker {
  readonly tag: string;
  readonly secrets: Set<string>;
  readonly versions: FakeVersion[];
  /** version ids and their share of the traffic, newest deployment first */
  readonly deployments: (readonly { readonly version_id: string; readonly percentage: number }[])[];
  workersDev: boolean;
  previewUrls: boolean;
  crons: readonly string[];
}

interface AgeCondition {
  readonly type: "Age";
  /** seconds */
  readonly maxAge: number;
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly conditions: { readonly prefix: string };
  readonly deleteObjectsTransition?: { readonly condition: AgeCondition } | undefined;
  readonly abortMultipartUploadsTransition?: { readonly condition: AgeCondition } | undefined;
}

export interface FakeDatabase {
  readonly uuid: string;
  readonly sql: DatabaseSync;
  readonly location: string | null;
}

export interface FakeBucket {
  rules: LifecycleRule[];
  readonly location: string | null;
}

/** A Cloudflare account, in memory. */
export class FakeAccount {
  readonly id: string;
  readonly name: string;
  plan: "paid" | "free" = "paid";
  isR2Enabled = true;
  subdomain: string | null = "acme";
  /** by name */
  readonly databases = new Map<string, FakeDatabase>();
  readonly buckets = new Map<string, FakeBucket>();
  /** ids by title */
  readonly namespaces = new Map<string, string>();
  readonly workers = new Map<string, FakeWorker>();
  /** the Worker of each Workflow, by the Workflow's name */
  readonly workflows = new Map<string, string>();

  constructor(name = "Some Building", id = randomUUID().replaceAll("-", "")) {
    this.name = name;
    this.id = id;
  }

  addDatabase(name: string, location: string | null = null): FakeDatabase {
    const database = { uuid: randomUUID(), sql: new DatabaseSync(":memory:"), location };
    this.databases.set(name, database);
    return database;
  }

  addWorker(name: string): FakeWorker {
    const worker = {
      tag: randomUUID().replaceAll("-", ""),
      secrets: new Set<string>(),
      versions: [],
      deployments: [],
      workersDev: false,
      previewUrls: false,
      crons: [],
    };
    this.workers.set(name, worker);
    return worker;
  }

  /** The state after `wrangler secret put` for a Worker that was never deployed: an empty version with secrets. */
  addDraft(name: string, secrets: readonly string[]): void {
    const worker = this.addWorker(name);
    const version = { id: randomUUID(), bindings: [], limits: null, gzipBytes: 0 };
    worker.versions.unshift(version);
    worker.deployments.unshift([{ version_id: version.id, percentage: 100 }]);
    for (const secret of secrets) worker.secrets.add(secret);
  }
}
