import { monthText } from "../domain/month.ts";
import { deleteStaged, type ListingBucket, STAGING } from "../r2/staging.ts";
import type { MonthBuild } from "./month-build.ts";

/** `staging/{build}/{site}/2025-10/`: all that a build keeps until its month file is in its place. */
function stagingPrefix({ build, site, month }: MonthBuild): string {
  return `${STAGING}${encodeURIComponent(build)}/${encodeURIComponent(site.name)}/${monthText(month)}/`;
}

/** A part of the month file, itself a file with a footer. */
export function stagedPartKey(of: MonthBuild, number: number): string {
  return `${stagingPrefix(of)}part-${String(number).padStart(3, "0")}`;
}

/** The locators of its points, within the part. */
export function stagedPointsKey(of: MonthBuild, number: number): string {
  return `${stagedPartKey(of, number)}.points`;
}

/** Removes whatever a build left in staging. Safe to repeat. */
export async function deleteMonthStaging(bucket: ListingBucket, of: MonthBuild): Promise<void> {
  await deleteStaged(bucket, stagingPrefix(of));
}
