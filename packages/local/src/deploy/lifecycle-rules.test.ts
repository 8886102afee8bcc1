import { expect, test } from "vitest";
import { parseLifecycleRules } from "./lifecycle-rules.ts";

test("rules as wrangler prints them, after its banner", () => {
  const text = `
 ⛅️ wrangler 4.156.2
────────────────────
Listing lifecycle rules for bucket 'ace-timeseries-staging'...
name:     Default Multipart Abort Rule
enabled:  Yes
prefix:   (all prefixes)
action:   Abort incomplete multipart uploads after 7 days

name:     staging
enabled:  No
prefix:   staging/
action:   Expire objects after 7 days, Transition to Infrequent Access after 1 days
`;
  expect(parseLifecycleRules(text)).toEqual([
    {
      name: "Default Multipart Abort Rule",
      enabled: true,
      prefix: "",
      action: "Abort incomplete multipart uploads after 7 days",
    },
    {
      name: "staging",
      enabled: false,
      prefix: "staging/",
      action: "Expire objects after 7 days, Transition to Infrequent Access after 1 days",
    },
  ]);
  expect(parseLifecycleRules("There are no lifecycle rules for bucket 'b'.\n")).toEqual([]);
});
