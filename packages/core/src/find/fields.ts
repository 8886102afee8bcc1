/** Fields of points in a filter, beside their tags. */
export const FIELDS = ["name", "label", "unit", "quantity", "equip", "cadence", "siteName"] as const;
export type Field = (typeof FIELDS)[number];

export function isField(name: string): name is Field {
  return FIELDS.some((field) => field === name);
}
