// Loaded into the deploy command by NODE_OPTIONS: addresses under workers.dev lead to the fake.
const fake = process.env["FAKE_WORKERS_DEV"];
const realFetch = fetch;

function fetchFake(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  if (fake === undefined || !url.hostname.endsWith(".workers.dev")) return realFetch(input, init);
  return realFetch(`${fake}/${url.hostname}${url.pathname}`, init);
}

Object.defineProperty(globalThis, "fetch", { value: fetchFake, writable: true });
