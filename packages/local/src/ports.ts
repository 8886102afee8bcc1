import { once } from "node:events";
import { createServer } from "node:net";

/** The only address of all local servers. */
export const HOST = "127.0.0.1";

/** Host names of this machine in local addresses. */
export const LOOPBACK_NAMES = [HOST, "localhost", "[::1]"];

/**
 * Checks that ports are free, before anything starts.
 * @param ports by the name of their setting
 * @throws Error that names the setting of the first taken port, or two settings with the same port
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
