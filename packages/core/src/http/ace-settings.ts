import { z } from "zod";
import { PAGE_SIZES } from "../ace/page-size.ts";
import { isSafeAddress } from "./safe-address.ts";
import { headerSecret } from "./secret-settings.ts";
import { integerSetting } from "./settings.ts";

const MAX_PAGE_SIZE = 500_000;
const DEFAULT_PAGE_SIZE = 100_000;

/** The address of an ACE API. */
export const aceAddress = z.string().refine(isSafeAddress, {
  error: "must be an https address (http only on the loopback address): the API key is sent to it",
});

/** The settings of every Worker that calls the ACE API, to be spread into its schema. */
export const aceSettings = {
  ACE_API_BASE_URL: aceAddress.transform((url) => url.replace(/\/+$/, "")),
  ACE_API_KEY: headerSecret,
  ACE_TIMEOUT_SECONDS: integerSetting({ default: 30, min: 1, max: 120 }),
  ACE_MAX_BODY_MB: integerSetting({ default: 128, min: 1, max: 1024 }),
  PAGE_SIZE: integerSetting({ default: DEFAULT_PAGE_SIZE, min: 3, max: MAX_PAGE_SIZE }).transform((size, context) => {
    const known = PAGE_SIZES.find((pageSize) => pageSize === size);
    if (known !== undefined) return known;
    context.addIssue(`must be one of ${PAGE_SIZES.join(", ")}`);
    return z.NEVER;
  }),
};

type AceSettings = z.output<z.ZodObject<typeof aceSettings>>;

/** The settings of an API client. */
export function aceConnection(settings: Omit<AceSettings, "PAGE_SIZE">) {
  return {
    baseUrl: settings.ACE_API_BASE_URL,
    apiKey: settings.ACE_API_KEY,
    timeoutMs: settings.ACE_TIMEOUT_SECONDS * 1000,
    maxBodyBytes: settings.ACE_MAX_BODY_MB * 1_000_000,
  };
}
