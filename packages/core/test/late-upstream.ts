import { z } from "zod";
import type { SyncWorld } from "./sync-world.ts";

const bodySchema = z.looseObject({ point_samples: z.array(z.looseObject({ name: z.string(), time: z.string() })) });

/** Makes samples of some points appear late from now on, in pages of the site and in answers by name. */
export function delaySamples(world: SyncWorld, isLate: (name: string) => boolean, lateMs: number): void {
  const onTime = world.upstream;
  world.upstream = async (request) => {
    const response = await onTime(request);
    if (response.status !== 200 || !request.url.includes("/timeseries")) return response;
    const body = bodySchema.parse(await response.json());
    const isVisible = ({ name, time }: (typeof body.point_samples)[number]) =>
      !isLate(name) || Date.parse(`${time}Z`) + lateMs <= world.clock.now();
    return Response.json({ ...body, point_samples: body.point_samples.filter(isVisible) });
  };
}
