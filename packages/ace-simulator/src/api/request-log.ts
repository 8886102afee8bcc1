import type { Endpoint } from "./route.ts";

/** Counts the requests that reached each endpoint, refused ones and failed ones included. */
export class RequestLog {
  readonly #counts: Partial<Record<Endpoint, number>> = {};

  note(endpoint: Endpoint): void {
    this.#counts[endpoint] = (this.#counts[endpoint] ?? 0) + 1;
  }

  /** requests by endpoint; an endpoint that got none is absent */
  counts(): Partial<Record<Endpoint, number>> {
    return { ...this.#counts };
  }
}
