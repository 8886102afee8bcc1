/**
 * Where a request comes from, by what a browser adds to it and a page cannot change. `Sec-Fetch-Site` counts where it is
 * there, else `Origin`.
 * @returns `own`: a page of this host, or the user directly; `other`: a page of another origin; `unknown`: neither header
 *   is there, so the client is no browser of today
 */
export function originOf(request: Request): "own" | "other" | "unknown" {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none" ? "own" : "other";
  const origin = request.headers.get("origin");
  if (origin === null) return "unknown";
  return origin === new URL(request.url).origin ? "own" : "other";
}
