import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HOST, requireFreePorts } from "./ports.ts";

let server: Server;
let port: number;
beforeEach(async () => {
  server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  ({ port } = address);
});
afterEach(() => void server.close());

test("a taken port is named with its setting, and passes once it is free", async () => {
  await expect(requireFreePorts({ ETL_PORT: port })).rejects.toThrow(`Port ${port} is taken: stop what`);
  server.close();
  await once(server, "close");
  await expect(requireFreePorts({ ETL_PORT: port })).resolves.toBeUndefined();
});

test("two settings with the same port are both named", async () => {
  server.close();
  await once(server, "close");
  await expect(requireFreePorts({ ETL_PORT: port, QUERY_PORT: port })).rejects.toThrow(
    `ETL_PORT and QUERY_PORT are both ${port}`,
  );
});
