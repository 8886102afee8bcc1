import { z } from "zod";
import { PAGE_SIZES } from "../ace/page-size.ts";
import { headerSecret } from "./secret-settings.ts";
import { integerSetting } from "./settings.ts";

/** Larger pages do not fit: 100,000 rows are up to 16 MB of JSON, and 128 MB is all there is. */
const MAX_PAGE_SIZE = 100_000;

/** The settings of every Worker that asks the ACE API, to be spread into its schema. */
export const aceSettings = {
  ACE_API_BASE_URL: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, "")),
  ACE_API_KEY: headerSecret,
  PAGE_SIZE: integerSetting({ default: MAX_PAGE_SIZE, min: 3, max: MAX_PAGE_SIZE }).transform((size, context) => {
    const known = PAGE_SIZES.find((pageSize) => pageSize === size);
    if (known !== undefined) return known;
    context.addIssue(`must be one of ${PAGE_SIZES.filter((pageSize) => pageSize <= MAX_PAGE_SIZE).join(", ")}`);
    return z.NEVER;
  }),
};
