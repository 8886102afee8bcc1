/**
 * The page's place as its query string: `?view=…&site=…` and the view's own parameters. It holds a view's whole state,
 * so that addresses can be shared and the back button works.
 */
export interface Place {
  /** null: the first view */
  readonly view: string | null;
  /** null: the first site */
  readonly site: string | null;
  /** the view's own parameters */
  readonly params: URLSearchParams;
}

const VIEW = "view";
const SITE = "site";

/** @param search a query string, with or without its question mark */
export function parsePlace(search: string): Place {
  const params = new URLSearchParams(search);
  const [view, site] = [params.get(VIEW), params.get(SITE)];
  params.delete(VIEW);
  params.delete(SITE);
  return { view, site, params };
}

/** The query string of a place, with its question mark; empty for the default place. */
export function formatPlace({ view, site, params }: Place): string {
  const all = new URLSearchParams();
  if (view !== null) all.set(VIEW, view);
  if (site !== null) all.set(SITE, site);
  for (const [name, value] of params) all.append(name, value);
  // Characters that are valid in a query stay readable: names of points are full of slashes and colons.
  const text = all.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}
