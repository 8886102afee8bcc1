/** Redirects requests for workers.dev to the fake. @returns restores the real fetch */
export function leadWorkersDevTo(fake: string): () => void {
  const realFetch = fetch;
  const fetchFake = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!url.hostname.endsWith(".workers.dev")) return realFetch(input, init);
    return realFetch(`${fake}/${url.hostname}${url.pathname}`, init);
  };
  const install = (value: typeof fetch) =>
    Object.defineProperty(globalThis, "fetch", { value, writable: true, configurable: true });
  install(fetchFake);
  return () => void install(realFetch);
}

// NODE_OPTIONS loads this file into the deploy command.
const given = process.env["FAKE_WORKERS_DEV"];
if (given !== undefined) leadWorkersDevTo(given);
