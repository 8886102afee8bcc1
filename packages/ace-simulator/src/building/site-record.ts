import type { SiteRecord } from "../scrape-source.ts";

type Known = Pick<SiteRecord, "id" | "name" | "client" | "nice_name" | "archived">;

/** A site without details: most fields of real sites are null. */
export function siteRecord(known: Known): SiteRecord {
  return {
    ...known,
    address: null,
    latitude: null,
    longitude: null,
    geo_location: null,
    mqtt_prefix: null,
    vtron_ip: null,
    ansible_user: null,
  };
}
