/** What a log line may carry: short facts. Never a secret, a header or an upstream's body. */
type Facts = Readonly<Record<string, string | number | boolean | null>>;

/** One line of JSON a fact, as Workers Logs indexes it. */
export function log(event: string, facts: Facts = {}): void {
  console.log(JSON.stringify({ event, ...facts }));
}

export function logError(event: string, error: unknown, facts: Facts = {}): void {
  const { name, message } = error instanceof Error ? error : { name: "unknown", message: String(error) };
  console.error(JSON.stringify({ event, error: name, message, ...facts }));
}
