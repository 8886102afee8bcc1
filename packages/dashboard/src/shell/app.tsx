import { useEffect, useRef } from "preact/hooks";
import { fetchSites } from "../api/sites.ts";
import { useAnswer } from "../api/use-answer.ts";
import { formatPlace, type Place } from "../location/place.ts";
import { usePlace } from "../location/use-place.ts";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import { BusyNotice } from "./busy-notice.tsx";
import { ThemeButton } from "./theme-button.tsx";
import { TokenDialog } from "./token-dialog.tsx";
import { ViewFrame } from "./view-frame.tsx";
import { VIEWS } from "./views.ts";

const SITES_EVERY_MS = 300_000;

/** The page: its head with views and sites, and the present view. */
export function App() {
  const [place, go] = usePlace();
  const sites = useAnswer("sites", fetchSites, SITES_EVERY_MS);
  const view = VIEWS.find(({ id }) => id === place.view) ?? VIEWS[0];
  const site = sites.data?.find(({ name }) => name === place.site) ?? sites.data?.[0];
  // A view keeps its state while another one is shown.
  const left = useRef(new Map<string, URLSearchParams>());
  left.current.set(view.id, place.params);
  const placeOf = (id: string): Place => ({
    view: id,
    site: place.site,
    params: left.current.get(id) ?? new URLSearchParams(),
  });
  useEffect(() => {
    document.title = `${view.title} · Building Vitals`;
  }, [view]);

  const toView = (id: string) => (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(placeOf(id), "push");
  };
  const toSite = (name: string) => {
    left.current.clear();
    go({ view: view.id, site: name, params: new URLSearchParams() }, "push");
  };
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <header class="masthead">
        <a class="brand" href="/" onClick={toView(VIEWS[0].id)}>
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M5 17.5h5l3-9 5 15 3.5-10 1.5 4h4" />
          </svg>
          <span>Building Vitals</span>
        </a>
        <nav class="views" aria-label="Views">
          {VIEWS.map(({ id, title }) => (
            <a
              key={id}
              href={formatPlace(placeOf(id)) || "/"}
              aria-current={id === view.id ? "page" : undefined}
              onClick={toView(id)}
            >
              {title}
            </a>
          ))}
        </nav>
        <div class="masthead-end">
          {site !== undefined && (
            <label class="site-picker">
              <span class="visually-hidden">Site</span>
              <select class="select" value={site.name} onChange={(event) => toSite(event.currentTarget.value)}>
                {sites.data?.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
          <ThemeButton />
        </div>
      </header>
      <main id="main" class="view" tabIndex={-1}>
        <BusyNotice />
        {site === undefined && sites.error !== undefined && (
          <Failure part="The sites" error={sites.error} onRetry={sites.reload} />
        )}
        {site !== undefined && place.site !== null && place.site !== site.name && (
          <div class="notice view-notice" role="status">
            <Icon name="warning" />
            <p>
              There is no site “{place.site}” in this deployment. This is {site.name}.
            </p>
          </div>
        )}
        {site === undefined && sites.data !== undefined && (
          <div class="empty">
            <h1>No sites</h1>
            <p>This deployment has no sites. Its setting SITES lists them.</p>
          </div>
        )}
        {site === undefined ? (
          <div class="view-loading" aria-busy={sites.isLoading} />
        ) : (
          <ViewFrame
            key={`${view.id} ${site.name}`}
            view={view}
            site={site}
            params={place.params}
            setParams={(params, how) => go({ view: place.view, site: place.site, params }, how)}
          />
        )}
      </main>
      <TokenDialog />
    </>
  );
}
