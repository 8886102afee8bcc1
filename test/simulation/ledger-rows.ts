import { z } from "zod";

// Rows of D1 as the books read them.

const bodySchema = z.record(z.string(), z.record(z.string(), z.number()));
export const segmentsSchema = z.array(z.tuple([z.int(), z.int(), z.int(), z.int(), bodySchema]));
export const stateSchema = z.array(z.object({ name: z.string(), watermark: z.int().nullable() }));
export const daySchema = z.array(
  z.object({
    name: z.string(),
    day: z.int(),
    state: z.string(),
    build: z.string().nullable(),
    reason: z.string().nullable(),
    asked: z.string().nullable(),
  }),
);
export const nameSchema = z.array(z.object({ name: z.string() }));
export const hoursSchema = z.array(z.int()).length(24);
export const fileSchema = z.array(
  z.object({ asked: z.string().transform((text) => hoursSchema.parse(JSON.parse(text))) }),
);
export const pointSchema = z.array(z.object({ name: z.string(), site_id: z.int() }));
