import { z } from "zod";
import { DAY_S } from "../domain/day.ts";
import { parseTime } from "./time.ts";

/** A gateway's value for a BACnet property that the device lacks. */
const UNKNOWN_PROPERTY = "property: unknown-property";

/** The longest plausible cadence: a year in seconds. */
const MAX_INTERVAL_S = 365 * DAY_S;

const textOrNull = z.string().nullable().catch(null);

/** An object with any keys; other values count as an empty object. */
const openObject = z.record(z.string(), z.unknown()).catch({});

function tagTexts(tags: Record<string, unknown>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(tags)) {
    if (typeof value === "string") texts[key] = value;
    else if (typeof value === "number" || typeof value === "boolean") texts[key] = String(value);
  }
  return texts;
}

function knownProperties(bacnet: Record<string, unknown>): Record<string, unknown> {
  const known = Object.entries(bacnet).filter(([, value]) => value !== null && value !== UNKNOWN_PROPERTY);
  return Object.fromEntries(known);
}

function timeOrNull(text: string | null | undefined): number | null {
  const time = typeof text === "string" ? parseTime(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** A point of the upstream's catalogue. Only the name is required, so that no invalid tag loses the point. */
export const acePointSchema = z
  .object({
    name: z.string().min(1),
    id: z.int().nullable().catch(null),
    point_type: textOrNull,
    collect_enabled: z.boolean().nullable().catch(null),
    collect_interval: z.number().positive().max(MAX_INTERVAL_S).nullable().catch(null),
    kv_tags: openObject.transform(tagTexts),
    marker_tags: z.array(z.unknown()).catch([]),
    bacnet_data: openObject.transform(knownProperties),
    updated: z.string().nullish().catch(null),
  })
  .transform((point) => ({
    name: point.name,
    id: point.id,
    pointType: point.point_type,
    /** null if the upstream does not say */
    collectEnabled: point.collect_enabled,
    /** seconds between samples, as configured, at most a year; null when unknown */
    collectIntervalS: point.collect_interval,
    kvTags: point.kv_tags,
    markerTags: point.marker_tags.filter((tag) => typeof tag === "string"),
    /** `object_name`, `device_name`, `object_units` and more, without properties that the device lacks */
    bacnetData: point.bacnet_data,
    /** when it was last changed, epoch ms; null if absent or in an unknown format */
    updatedAt: timeOrNull(point.updated),
  }));
export type AcePoint = z.infer<typeof acePointSchema>;
