import type { InvalidQuery } from "./query-parameters.ts";
import type { SiteRecord } from "../scrape-source.ts";

/** The error answers of the real service, with their observed bodies. */

export function invalidPayload(error: InvalidQuery): Response {
  return Response.json(
    { message: "Input payload validation failed", errors: { [error.parameter]: error.message } },
    { status: 400 },
  );
}

export function missingKey(): Response {
  return Response.json({ message: "Missing or malformed Authorization header" }, { status: 401 });
}

/** The answer after any crash of the server; an unreadable key crashes it, too. */
export function unhandledException(): Response {
  return Response.json({ message: "An unhandled exception occurred." }, { status: 500 });
}

export function noSuchRecord(): Response {
  return Response.json({ message: "A database result was required but none was found." }, { status: 404 });
}

export function noSuchUrl(): Response {
  return Response.json({ message: "The requested URL was not found on the server." }, { status: 404 });
}

export function methodNotAllowed(): Response {
  return Response.json({ message: "The method is not allowed for the requested URL." }, { status: 405 });
}

const NULL_SITE: Record<keyof SiteRecord, null> = {
  id: null,
  name: null,
  client: null,
  nice_name: null,
  address: null,
  latitude: null,
  longitude: null,
  geo_location: null,
  archived: null,
  mqtt_prefix: null,
  vtron_ip: null,
  ansible_user: null,
};

/** A site that does not exist and one that the key may not see give the same answer: 403, and a site full of nulls. */
export function forbiddenSite(): Response {
  return Response.json(NULL_SITE, { status: 403 });
}
