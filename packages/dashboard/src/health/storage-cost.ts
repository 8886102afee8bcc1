const GB = 1e9;

/** List prices in dollars per GB and month, and what the plan includes, in GB. */
export const D1_STORAGE = { perGb: 0.75, includedGb: 5, mostGb: 10 } as const;
const R2_STORAGE = { perGb: 0.015, includedGb: 10 } as const;

/** The cost of storage, in dollars per month; requests, rows and CPU are extra. */
export function storageCost(bytes: { readonly d1: number; readonly r2: number }): {
  readonly d1: number;
  readonly r2: number;
  readonly total: number;
} {
  const d1 = Math.max(0, bytes.d1 / GB - D1_STORAGE.includedGb) * D1_STORAGE.perGb;
  const r2 = Math.max(0, bytes.r2 / GB - R2_STORAGE.includedGb) * R2_STORAGE.perGb;
  return { d1, r2, total: d1 + r2 };
}
