import { binding } from "./settings.ts";

/** A client that fails so often in this period is blocked for as long. The wrangler files have the same values. */
const FAILURES = 10;
const PERIOD_MS = 60_000;

/** Number of clients that are remembered. The one seen first is dropped for a new one. */
const MAX_CLIENTS = 10_000;

/** The deployment's rate limiter, to be spread into a Worker's schema. */
export const failedLoginsSetting = {
  /** counts failures over all isolates of a location; absent in tests */
  FAILED_LOGINS: binding<RateLimit>().optional(),
};

interface Client {
  failures: number;
  /** epoch milliseconds at which its failures are forgotten */
  until: number;
}

/** The failed logins of an isolate's clients. */
export class FailedLogins {
  readonly #clients = new Map<string, Client>();

  /** @param now epoch milliseconds */
  isBlocked(client: string, now: number): boolean {
    const known = this.#clients.get(client);
    return known !== undefined && known.failures >= FAILURES && now < known.until;
  }

  /**
   * Counts a failure.
   * @param limiter of the deployment; it also counts failures in other isolates
   * @returns whether the client exceeds the limit
   */
  async add(client: string, now: number, limiter: RateLimit | undefined): Promise<boolean> {
    const known = this.#clients.get(client);
    const record = known !== undefined && now < known.until ? known : { failures: 0, until: now + PERIOD_MS };
    record.failures++;
    const within = limiter === undefined || (await limiter.limit({ key: client })).success;
    if (!within) record.failures = Math.max(record.failures, FAILURES);
    if (record.failures >= FAILURES) record.until = now + PERIOD_MS;
    if (known === undefined && this.#clients.size >= MAX_CLIENTS) {
      for (const first of this.#clients.keys()) {
        this.#clients.delete(first);
        break;
      }
    }
    this.#clients.set(client, record);
    return record.failures > FAILURES || !within;
  }
}

/**
 * The client of a request, as a key to count by: the address that Cloudflare saw. Of IPv6 it is the /64, because one
 * customer has a /64. null without an address, as in local runs.
 */
export function clientOf(request: { header(name: string): string | undefined }): string | null {
  const address = request.header("cf-connecting-ip");
  if (address === undefined || address === "") return null;
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.toLowerCase().split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = address.includes("::")
    ? Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0")
    : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
