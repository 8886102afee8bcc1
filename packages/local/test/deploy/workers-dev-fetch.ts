// Loaded into the deploy command by NODE_OPTIONS: addresses under workers.dev lead to the fake.
const fake = process.env["FAKE_WORKERS_DEV"];
const { fetch } = globalThis;

globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (fake === undefined || !url.hostname.endsWith(".workers.dev")) return fetch(input, init);
  return fetch(`${fake}/${url.hostname}${url.pathname}`, init);
};
