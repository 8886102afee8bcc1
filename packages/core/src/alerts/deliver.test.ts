import { expect, test } from "vitest";
import type { AlertState } from "./alert.ts";
import { qualityCondition } from "./conditions.ts";
import { alertBody } from "./deliver.ts";

test("a point's name cannot mention, link or break the message", () => {
  const name = "<!channel> @here <https://evil.test|Confirm> & a\n*all is well*";
  const worst = [{ name, score: 0, reasons: ["stuck"] }];
  const input = { site: "s & <co>", date: "2025-10-11", meanScore: 0.5, poor: 1, judged: 1, worst };
  const condition = qualityCondition(input, 0.8);
  const state: AlertState = { ...condition, since: 0, sent: "ok", firingSentAt: null, okSentAt: null };
  const { text, site, detail } = alertBody(state);
  expect(text).toBe(
    "Building Vitals: quality at s &amp; &lt;co&gt; is firing: the mean quality of 1 points on 2025-10-11 was 0.5, " +
      "1 of them are poor\nworst: &lt;!channel&gt; @\u200Bhere &lt;https:\u200B//evil.test|Confirm&gt; &amp; a " +
      "*all is well* 0 (stuck)",
  );
  expect(site).toBe("s & <co>");
  expect(detail).toContain("<!channel> @here <https://evil.test|Confirm> & a *all is well*");
});
