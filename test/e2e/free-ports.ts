import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that systems assign by themselves (from 32768 on Linux, from 49152 elsewhere), because the system may
 * assign one of those before the test uses it.
 */
const FIRST = 20_000;
const PORTS = 12_000;

/** Distinct ports on which nothing listens at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
