import { monthText } from "../domain/month.ts";
import { deleteStaged, type ListingBucket, STAGING } from "../r2/staging.ts";
import type { MonthBuild } from "./month-build.ts";

/** `staging/{build}/{site}/2025-10/`: what a build keeps until its month file is in place. */
function stagingPrefix({ build, site, month }: MonthBuild): string {
  return `${STAGING}${encodeURIComponent(build)}/${encodeURIComponent(site.name)}/${monthText(month)}/`;
}

/** Key of a part of the month file, itself a file with a footer. */
export function stagedPartKey(build: MonthBuild, number: number): string {
  return `${stagingPrefix(build)}part-${String(number).padStart(3, "0")}`;
}

/** Key of the locators of the part's points, within the part. */
export function stagedPointsKey(build: MonthBuild, number: number): string {
  return `${stagedPartKey(build, number)}.points`;
}

/** Removes all objects of a build in staging. Safe to repeat. */
export async function deleteMonthStaging(bucket: ListingBucket, build: MonthBuild): Promise<void> {
  await deleteStaged(bucket, stagingPrefix(build));
}
