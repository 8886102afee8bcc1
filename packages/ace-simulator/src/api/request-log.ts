import type { Endpoint } from "./route.ts";

/** Counts the requests of each endpoint, with refused and failed ones. */
export class RequestLog {
  readonly #counts: Partial<Record<Endpoint, number>> = {};

  note(endpoint: Endpoint): void {
    this.#counts[endpoint] = (this.#counts[endpoint] ?? 0) + 1;
  }

  /** requests by endpoint; endpoints without any are absent */
  counts(): Partial<Record<Endpoint, number>> {
    return { ...this.#counts };
  }
}
