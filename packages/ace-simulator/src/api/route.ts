/** The endpoints of the API, by their names in fault plans and statistics. */
export const ENDPOINTS = [
  "sites",
  "site",
  "points",
  "configured_points",
  "timeseries",
  "point_timeseries",
  "weather",
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

export type Route =
  | { readonly endpoint: "sites" }
  | { readonly endpoint: "point_timeseries"; readonly point: string }
  | { readonly endpoint: Exclude<Endpoint, "sites" | "point_timeseries">; readonly site: string };

const SITE_ENDPOINTS = new Map<string, Exclude<Endpoint, "sites" | "point_timeseries">>([
  ["", "site"],
  ["points", "points"],
  ["configured_points", "configured_points"],
  ["timeseries/paginated", "timeseries"],
  ["weather", "weather"],
]);

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/**
 * @param pathname percent-encoded, because names contain slashes that must not split the path
 * @returns undefined for an unknown path
 */
export function matchRoute(pathname: string): Route | undefined {
  const [empty, api, collection, name, ...rest] = pathname.split("/");
  if (empty !== "" || api !== "api" || name === undefined) return undefined;
  if (collection === "sites" && name === "" && rest.length === 0) return { endpoint: "sites" };
  const decoded = decode(name);
  if (decoded === undefined || decoded === "") return undefined;
  const tail = rest.join("/");
  if (collection === "sites") {
    const endpoint = SITE_ENDPOINTS.get(tail);
    return endpoint === undefined || (tail === "" && rest.length > 0) ? undefined : { endpoint, site: decoded };
  }
  if (collection === "points" && tail === "timeseries") return { endpoint: "point_timeseries", point: decoded };
  return undefined;
}
