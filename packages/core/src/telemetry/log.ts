/** Fields of a log line: short facts. Never a secret, a header or an upstream body. */
type Facts = Readonly<Record<string, string | number | boolean | null>>;

/** One line of JSON per event, which Workers Logs indexes. */
export function log(event: string, facts: Facts = {}): void {
  console.log(JSON.stringify({ event, ...facts }));
}

export function logError(event: string, error: unknown, facts: Facts = {}): void {
  const { name, message } = error instanceof Error ? error : { name: "unknown", message: String(error) };
  console.error(JSON.stringify({ event, error: name, message, ...facts }));
}
