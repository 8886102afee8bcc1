import type { SiteRecord } from "../sample-source.ts";

type Known = Pick<SiteRecord, "id" | "name" | "client" | "nice_name" | "archived">;

/** A site of which nothing more is known: most of the real ones' fields are null. */
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
