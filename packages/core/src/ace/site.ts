import { z } from "zod";

const textOrNull = z.string().nullable().catch(null);
const numberOrNull = z.number().nullable().catch(null);

/** A site of the upstream's catalogue. The catalogue has no time zone; our configuration holds it. */
export const aceSiteSchema = z
  .object({
    name: z.string().min(1),
    id: z.int().nullable().catch(null),
    client: textOrNull,
    nice_name: textOrNull,
    address: textOrNull,
    latitude: numberOrNull,
    longitude: numberOrNull,
    settled: z.boolean().nullable().catch(null),
  })
  .transform(({ nice_name, ...site }) => ({ ...site, niceName: nice_name }));
export type AceSite = z.infer<typeof aceSiteSchema>;
