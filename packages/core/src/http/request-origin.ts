/**
 * The origin of a request, by headers that a page cannot change. `Sec-Fetch-Site` counts if it is present, else
 * `Origin`.
 * @returns `own`: a page of this host, or the user directly; `other`: a page of another origin; `unknown`: the request
 * has neither header, so the client is not a current browser
 */
export function originOf(request: Request): "own" | "other" | "unknown" {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none" ? "own" : "other";
  const origin = request.headers.get("origin");
  if (origin === null) return "unknown";
  return origin === new URL(request.url).origin ? "own" : "other";
}
