import { once } from "node:events";
import { createServer } from "node:net";

/** Everything local listens here and nowhere else. */
export const HOST = "127.0.0.1";

/** What this machine may be called in an address that leads here. */
export const LOOPBACK_NAMES = [HOST, "localhost", "[::1]"];

/**
 * Checks that ports can be listened on, before anything is started.
 * @param ports by the name of their setting
 * @throws Error that names the setting of the first that is taken, or is wanted twice
 */
export async function requireFreePorts(ports: Readonly<Record<string, number>>): Promise<void> {
  const wanted = new Map<number, string>();
  for (const [setting, port] of Object.entries(ports)) {
    const other = wanted.get(port);
    if (other !== undefined) throw new Error(`${other} and ${setting} are both ${port}: give each its own port.`);
    wanted.set(port, setting);
    const server = createServer();
    try {
      server.listen({ host: HOST, port, exclusive: true });
      await once(server, "listening");
    } catch {
      throw new Error(`Port ${port} is taken: stop what listens there, or set ${setting} to another port.`);
    } finally {
      server.close();
    }
  }
}
