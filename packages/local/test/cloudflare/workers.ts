import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import type { FakeAccount, FakeVersion, FakeWorker } from "./account.ts";
import { ApiFailure, type Call, type Endpoint, textField } from "./exchange.ts";

const bindingSchema = z.looseObject({ type: z.string(), name: z.string() });
const metadataSchema = z.looseObject({
  bindings: z.array(bindingSchema).default([]),
  keep_bindings: z.array(z.string()).default([]),
  limits: z.looseObject({ cpu_ms: z.number().optional() }).optional(),
});
type Binding = z.infer<typeof bindingSchema>;

function workerOf({ account, params: [name = ""] }: Call): FakeWorker {
  const worker = account.workers.get(name);
  if (worker === undefined) throw new ApiFailure(404, 10_007, "This Worker does not exist on your account.");
  return worker;
}

/** The resources that a Worker's bindings need. */
function checkBinding(account: FakeAccount, binding: Binding): void {
  const refers = (field: string) => z.string().parse(binding[field]);
  const missing = (text: string) => new ApiFailure(400, 10_021, text);
  switch (binding.type) {
    case "d1":
      if (![...account.databases.values()].some(({ uuid }) => uuid === refers("id"))) {
        throw missing(`binding ${binding.name} of type d1 must have a valid \`id\` specified`);
      }
      return;
    case "kv_namespace":
      if (![...account.namespaces.values()].includes(refers("namespace_id"))) {
        throw new ApiFailure(400, 10_041, `KV namespace '${refers("namespace_id")}' not found.`);
      }
      return;
    case "r2_bucket":
      if (!account.buckets.has(refers("bucket_name"))) {
        throw new ApiFailure(400, 10_085, `R2 bucket '${refers("bucket_name")}' not found.`);
      }
      return;
    case "service":
      if (!account.workers.has(refers("service"))) {
        throw new ApiFailure(
          400,
          10_143,
          `Could not resolve service binding '${binding.name}'. Target script '${refers("service")}' not found.`,
        );
      }
  }
}

async function gzipSize(body: FormData): Promise<number> {
  const files = [...body.values()].filter((part) => typeof part !== "string");
  const modules = files.filter(({ type }) => /javascript|wasm/.test(type)).map((file) => file.bytes());
  return gzipSync(Buffer.concat(await Promise.all(modules))).byteLength;
}

/** Accepts an upload: checks its declarations, and stores its version. */
async function upload(call: Call, worker: () => FakeWorker): Promise<FakeVersion> {
  const { account, form } = call;
  const body = await form();
  const text = body.get("metadata");
  const metadata = metadataSchema.parse(JSON.parse(typeof text === "string" ? text : ((await text?.text()) ?? "")));
  if (account.plan === "free" && metadata.limits?.cpu_ms !== undefined) {
    throw new ApiFailure(
      400,
      100_328,
      `CPU limits are not supported for the Free plan. Switch to a paid plan at https://dash.cloudflare.com/${account.id}/workers/plans to set CPU limits.`,
    );
  }
  for (const binding of metadata.bindings) checkBinding(account, binding);
  const gzipBytes = await gzipSize(body);
  const version = { id: randomUUID(), bindings: metadata.bindings, limits: metadata.limits, gzipBytes };
  const { secrets, versions } = worker();
  versions.unshift(version);
  if (!metadata.keep_bindings.includes("secret_text")) secrets.clear();
  return version;
}

const deploymentSchema = z.object({
  versions: z.array(z.object({ version_id: z.string(), percentage: z.number() })).min(1),
});

const SCRIPT = /^workers\/scripts\/([^/]+)$/;
const right = "Workers Scripts";

export const WORKERS: readonly Endpoint[] = [
  {
    method: "GET",
    path: /^workers\/subdomain$/,
    right,
    answer: ({ account: { subdomain } }) => {
      if (subdomain === null) throw new ApiFailure(404, 10_007, "workers.api.error.subdomain_not_found");
      return { subdomain };
    },
  },
  {
    method: "GET",
    path: /^workers\/services\/([^/]+)$/,
    right,
    answer: ({ account, params: [name = ""] }) => {
      const worker = account.workers.get(name);
      if (worker === undefined) throw new ApiFailure(404, 10_090, "This service does not exist on your account.");
      const script = { id: name, tag: worker.tag, tags: [], last_deployed_from: "wrangler" };
      return { id: name, default_environment: { environment: "production", script } };
    },
  },
  {
    method: "GET",
    path: /^workers\/workers\/([^/]+)$/,
    right,
    answer: (call) => {
      const { workersDev, previewUrls } = workerOf(call);
      const [name = ""] = call.params;
      return { id: workerOf(call).tag, name, subdomain: { enabled: workersDev, previews_enabled: previewUrls } };
    },
  },
  {
    method: "PUT",
    path: SCRIPT,
    right,
    answer: async (call) => {
      const [name = ""] = call.params;
      let worker = call.account.workers.get(name);
      const version = await upload(call, () => (worker ??= call.account.addWorker(name)));
      worker?.deployments.unshift([{ version_id: version.id, percentage: 100 }]);
      return { id: name, etag: version.id, deployment_id: version.id.replaceAll("-", ""), startup_time_ms: 12 };
    },
  },
  {
    method: "POST",
    path: /^workers\/scripts\/([^/]+)\/versions$/,
    right,
    answer: async (call) => {
      const worker = workerOf(call);
      const { id } = await upload(call, () => worker);
      return { id, number: worker.versions.length, startup_time_ms: 12, resources: { script: { etag: id } } };
    },
  },
  {
    method: "GET",
    path: /^workers\/scripts\/([^/]+)\/versions\/([^/]+)$/,
    right,
    answer: (call) => {
      const [, id = ""] = call.params;
      const version = workerOf(call).versions.find((other) => other.id === id);
      if (version === undefined) throw new ApiFailure(404, 10_222, `Version ${id} not found.`);
      const metadata = { created_on: "2026-11-01T00:00:00Z", source: "wrangler", author_email: "" };
      return { id, metadata, annotations: {}, resources: { bindings: version.bindings } };
    },
  },
  {
    method: "GET",
    path: /^workers\/scripts\/([^/]+)\/deployments$/,
    right,
    answer: (call) => ({
      deployments: workerOf(call).deployments.map((versions) => ({
        id: randomUUID(),
        source: "wrangler",
        strategy: "percentage",
        author_email: "",
        created_on: "2026-11-01T00:00:00Z",
        annotations: {},
        versions,
      })),
    }),
  },
  {
    method: "POST",
    path: /^workers\/scripts\/([^/]+)\/deployments$/,
    right,
    answer: (call) => {
      const worker = workerOf(call);
      const { versions } = deploymentSchema.parse(call.json());
      worker.deployments.unshift(versions);
      return { id: randomUUID(), versions };
    },
  },
  {
    method: "GET",
    path: /^workers\/scripts\/([^/]+)\/secrets$/,
    right,
    answer: (call) => [...workerOf(call).secrets].map((name) => ({ name, type: "secret_text" })),
  },
  {
    method: "PUT",
    path: /^workers\/scripts\/([^/]+)\/secrets$/,
    right,
    answer: (call) => {
      const name = textField(call.json(), "name");
      workerOf(call).secrets.add(name);
      return { name, type: "secret_text" };
    },
  },
  {
    method: "GET",
    path: /^workers\/scripts\/([^/]+)\/settings$/,
    right,
    answer: (call) => ({ bindings: workerOf(call).versions[0]?.bindings ?? [] }),
  },
  {
    method: "PATCH",
    path: /^workers\/scripts\/([^/]+)\/script-settings$/,
    right,
    answer: (call) => (workerOf(call), {}),
  },
  {
    method: "POST",
    path: /^workers\/scripts\/([^/]+)\/subdomain$/,
    right,
    answer: (call) => {
      const body = z.object({ enabled: z.boolean(), previews_enabled: z.boolean().optional() }).parse(call.json());
      const worker = workerOf(call);
      worker.workersDev = body.enabled;
      // the documented default of new previews: the same as workers.dev
      worker.previewUrls = body.previews_enabled ?? body.enabled;
      return { enabled: worker.workersDev, previews_enabled: worker.previewUrls };
    },
  },
  {
    method: "PUT",
    path: /^workers\/scripts\/([^/]+)\/schedules$/,
    right,
    answer: (call) => {
      const schedules = z.array(z.object({ cron: z.string() })).parse(call.json());
      workerOf(call).crons = schedules.map(({ cron }) => cron);
      return { schedules };
    },
  },
  {
    method: "POST",
    path: /^workers\/scripts\/([^/]+)\/assets-upload-session$/,
    right,
    answer: ({ json }) => {
      const { manifest } = z.object({ manifest: z.record(z.string(), z.object({ hash: z.string() })) }).parse(json());
      const hashes = [...new Set(Object.values(manifest).map(({ hash }) => hash))];
      return { jwt: unsignedJwt(), buckets: [hashes] };
    },
  },
  { method: "POST", path: /^workers\/assets\/upload$/, right, answer: () => ({ jwt: unsignedJwt() }) },
  {
    method: "GET",
    path: /^workflows$/,
    right: "Workflows",
    answer: ({ account }) => [...account.workflows].map(([name, script_name]) => ({ id: name, name, script_name })),
  },
  {
    method: "GET",
    path: /^workflows\/([^/]+)$/,
    right: "Workflows",
    answer: ({ account, params: [name = ""] }) => {
      const script = account.workflows.get(name);
      if (script === undefined) throw new ApiFailure(404, 10_200, "workflow.not_found");
      return { id: name, name, script_name: script };
    },
  },
  {
    method: "PUT",
    path: /^workflows\/([^/]+)$/,
    right: "Workflows",
    answer: ({ account, params: [name = ""], json }) => {
      const script = textField(json(), "script_name");
      account.workflows.set(name, script);
      return { id: name, name, script_name: script, class_name: textField(json(), "class_name") };
    },
  },
];

/** Wrangler reads the claims of the token from an upload session. */
function unsignedJwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({})}.x`;
}
