import { createBuilding } from "@building-vitals/ace-simulator/building";
import { upsertPoints } from "@building-vitals/core/catalog/catalog";
import { findSitePoints } from "@building-vitals/core/catalog/point-index";
import { pointsOfIds } from "@building-vitals/core/catalog/point-list";
import { addSites, newPointsVersion, readSiteIds } from "@building-vitals/core/catalog/sites";
import { normalizeUnit } from "@building-vitals/core/catalog/unit";
import type { PointQuery } from "@building-vitals/core/find/point-index";
import { z } from "zod";
import type { BenchSize } from "../size.ts";

interface FindingEnv {
  readonly SEGMENTS: D1Database;
  readonly SIZE: BenchSize;
}

const SITE = "ses_found";
const PAGE = 100;

const bacnetSchema = z.looseObject({
  device_name: z.string().optional(),
  object_name: z.string().optional(),
  object_units: z.string().optional(),
});

async function siteId(db: D1Database): Promise<number> {
  return (await readSiteIds(db, [SITE])).get(SITE)!;
}

/** Stores the points of a simulated building. */
export async function storeFoundPoints({ SEGMENTS: db, SIZE }: FindingEnv): Promise<{ points: number }> {
  await addSites(db, [SITE]);
  const { points } = createBuilding({ seed: 1, site: SITE, timezone: "America/Chicago", points: SIZE.findPoints });
  const described = points.slice(0, SIZE.findPoints).map((point) => {
    const {
      device_name: device = null,
      object_name: object,
      object_units: unitRaw = null,
    } = bacnetSchema.parse(point.bacnet_data);
    return {
      name: point.name,
      label: object === undefined ? null : `${device} ${object}`,
      unit: normalizeUnit(unitRaw),
      unitRaw,
      tags: { kv: { ...point.kv_tags }, markers: [...point.marker_tags] },
      device,
      intervalS: point.collect_interval,
      updatedAt: null,
    };
  });
  await upsertPoints(db, await siteId(db), described);
  return { points: described.length };
}

/** The search that the index replaced: one statement over all points. ?1: site, ?2: text, ?3: limit. */
const SCAN = `
SELECT id, name FROM points p
WHERE site_id = ?1
  AND (instr(lower(name || char(10) || coalesce(label, '') || char(10) || coalesce(unit, '') || char(10)
    || coalesce(unit_raw, '')), lower(?2)) > 0
    OR EXISTS (SELECT 1 FROM json_each(p.tags, '$.markers') m WHERE instr(lower(m.value), lower(?2)) > 0)
    OR EXISTS (SELECT 1 FROM json_each(p.tags, '$.kv') k WHERE instr(lower(k.key || ':' || k.value), lower(?2)) > 0))
ORDER BY name LIMIT ?3`;

/** Finds a page of points, several times. @returns the points of the page */
export async function findPage(
  { SEGMENTS: db }: FindingEnv,
  how: string,
  query: PointQuery,
  runs: number,
): Promise<{ points: number }> {
  const id = await siteId(db);
  let points = 0;
  for (let run = 0; run < runs; run++) {
    if (how === "scan") {
      points = (await db.prepare(SCAN).bind(id, query.search, PAGE).all()).results.length;
      continue;
    }
    if (how === "anew") await newPointsVersion(db, id).run();
    const { index } = await findSitePoints(db, SITE);
    points = (await pointsOfIds(db, index.page(query, undefined, PAGE)?.ids ?? [])).length;
  }
  return { points };
}
