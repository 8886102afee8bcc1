import { DayFileCorrupt, provesFileFault } from "@building-vitals/core/r2/file-error";
import { type ManifestDay, objectStanding, readManifestDay } from "@building-vitals/core/manifest/manifest";
import { markSuspect } from "@building-vitals/core/manifest/write-manifest";
import { parseDay } from "@building-vitals/core/domain/day";
import { Problem } from "@building-vitals/core/domain/problem";
import { describe } from "@building-vitals/core/http/openapi";
import { problemResponse } from "@building-vitals/core/http/problem-response";
import { logError } from "@building-vitals/core/telemetry/log";
import { Hono } from "hono";
import { attachment } from "../attachment.ts";
import { checkFooter } from "../check-footer.ts";
import { type ByteRange, namesEtag, parseByteRange } from "../byte-range.ts";
import { type Env, settingsOf } from "../env.ts";
import { type QueriedSite, siteOf } from "../site.ts";

type StoredFile = ManifestDay & { readonly file: NonNullable<ManifestDay["file"]> };

const described = describe({
  summary: "The stored Parquet file of a UTC day, or a byte range of it",
  access: "read",
  path: { site: "A site's name", file: "The day: 2025-10-12.parquet" },
  headers: {
    "if-none-match": "The ETag of the client's copy: 304 if it is the day's current file",
    range: "One byte range",
    "if-range": "An ETag: the range applies to this file only",
  },
  answers: {
    200: { description: "The file", content: { "application/vnd.apache.parquet": null } },
    206: { description: "The requested bytes", content: { "application/vnd.apache.parquet": null } },
    304: { description: "The client's copy is the day's current file" },
  },
  problems: ["not_found", "unknown_site", "suspect_day", "range_not_satisfiable", "cold_unavailable"],
});

/** `GET /sites/{site}/days/{YYYY-MM-DD}.parquet`: the stored file of a UTC day, or a byte range of it. */
export const dayFileRoute = new Hono<{ Bindings: Env }>().get("/sites/:site/days/:file", described, async (context) => {
  const settings = settingsOf(context.env);
  const name = context.req.param("file");
  const day = name.endsWith(".parquet") ? parseDay(name.slice(0, -".parquet".length)) : null;
  if (day === null) throw new Problem("not_found", "The file's name must be YYYY-MM-DD.parquet.");
  const site = await siteOf(settings, context.req.param("site"), "site");
  const dayName = `${name.slice(0, 10)} of site ${JSON.stringify(site.name)}`;
  const { headers: asked } = context.req.raw;
  const stored = await storedFile(site, day, dayName);
  const { bytes, etag } = stored.file;
  const headers = {
    etag: `"${etag}"`,
    "accept-ranges": "bytes",
    // A day can be rebuilt. Revalidation costs one row of the manifest.
    "cache-control": "private, no-cache",
  };
  if (namesEtag(asked.get("if-none-match"), headers.etag)) return context.body(null, 304, headers);
  const isCurrent = asked.get("if-range") === null || asked.get("if-range") === headers.etag;
  const range = parseByteRange(isCurrent ? asked.get("range") : null, bytes);
  if (range === "unsatisfiable") {
    const detail = `The file of ${dayName} has ${bytes} bytes.`;
    const refused = problemResponse(new Problem("range_not_satisfiable", detail, "range"));
    refused.headers.set("content-range", `bytes */${bytes}`);
    return refused;
  }
  const { offset, length } = range === "all" ? { offset: 0, length: bytes } : range;
  const body =
    context.req.raw.method === "HEAD" ? null : await readBody(site.db, settings.TIMESERIES, stored, range, dayName);
  return new Response(body, {
    status: range === "all" ? 200 : 206,
    headers: {
      ...headers,
      "content-type": "application/vnd.apache.parquet",
      "content-length": String(length),
      "content-disposition": attachment(`${site.name}_${name}`),
      ...(range === "all" ? {} : { "content-range": `bytes ${offset}-${offset + length - 1}/${bytes}` }),
    },
  });
});

/** @throws {Problem} `not_found`, `suspect_day` */
async function storedFile({ db, id }: QueriedSite, day: number, dayName: string): Promise<StoredFile> {
  const row = id === null ? null : await readManifestDay(db, id, day);
  if (row?.state === "suspect") throw suspectDay(dayName);
  if (row === null || row.file === null) {
    const why = row?.state === "confirmed-empty" ? "the API has no samples of it" : "it has not been settled";
    throw new Problem("not_found", `There is no file of ${dayName}: ${why}.`);
  }
  return { ...row, file: row.file };
}

/**
 * Opens the object that the manifest names, and checks its size and footer. Refuses a damaged or different object, and
 * marks the day suspect.
 * @throws {Problem} `suspect_day`, `cold_unavailable`
 */
async function readBody(
  db: D1Database,
  bucket: R2Bucket,
  stored: StoredFile,
  range: ByteRange | "all",
  dayName: string,
): Promise<ReadableStream> {
  const { key, etag } = stored.file;
  const onlyIf = { etagMatches: etag };
  const suspect = async (reason: string) => {
    await markSuspect(db, { siteId: stored.siteId, day: stored.day, etag }, reason, Date.now());
    return suspectDay(dayName);
  };
  let object: R2Object | R2ObjectBody | null;
  try {
    object = await bucket.get(key, range === "all" ? { onlyIf } : { onlyIf, range }).catch(async (error: unknown) => {
      // R2 refuses a range beyond the end of an object that is too short.
      await checkFooter(bucket, stored.file, false, Date.now());
      throw error;
    });
    if (object !== null && "body" in object) await checkFooter(bucket, stored.file, range !== "all", Date.now());
  } catch (error) {
    if (error instanceof DayFileCorrupt && provesFileFault(error)) throw await suspect(error.message);
    logError("day_file_unavailable", error, { key });
    throw new Problem("cold_unavailable", "The archive did not answer; try again in a moment.");
  }
  if (object !== null && "body" in object) return object.body;
  const current = await readManifestDay(db, stored.siteId, stored.day);
  const isReplaced = current?.file?.etag !== etag;
  if (isReplaced || (object !== null && objectStanding(current, object) === "pending")) {
    throw new Problem("cold_unavailable", `The file of ${dayName} is being replaced; try again in a moment.`);
  }
  const reason = object === null ? "there is no such file" : `has the etag ${object.etag}, not ${etag}`;
  throw await suspect(`${key}: ${reason}`);
}

function suspectDay(dayName: string): Problem {
  return new Problem(
    "suspect_day",
    `The file of ${dayName} is damaged and cannot be read. Rebuild the day with a backfill.`,
  );
}
