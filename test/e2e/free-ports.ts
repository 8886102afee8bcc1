import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that systems assign by themselves (from 32768 on Linux, from 49152 elsewhere): a free one of those
 * may be taken before it is used.
 */
const FIRST = 20_000;
const PORTS = 12_000;

/** Ports that nobody listens on at the moment, each another. */
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
