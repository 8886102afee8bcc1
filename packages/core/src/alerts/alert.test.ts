import fc from "fast-check";
import { expect, test } from "vitest";
import { afterTelling, type AlertLevel, type AlertState, isDue, nextState, QUIET_MS } from "./alert.ts";

const STEP_MS = 300_000;

interface Message {
  readonly level: AlertLevel;
  readonly at: number;
}

/** Crons, five minutes apart: the level that each one measures, and whether the webhook accepts its message. */
function live(crons: readonly { level: AlertLevel; isTaken: boolean }[]) {
  const messages: Message[] = [];
  let state: AlertState | null = null;
  crons.forEach(({ level, isTaken }, i) => {
    const now = i * STEP_MS;
    state = nextState(state, { kind: "stale", site: "s", level, detail: level }, now);
    if (!isDue(state, now) || !isTaken) return;
    messages.push({ level, at: now });
    state = afterTelling(state, now);
  });
  return messages;
}

const level = fc.constantFrom<AlertLevel>("firing", "ok");
/** runs of one level, short and long */
const history = fc
  .array(fc.tuple(level, fc.integer({ min: 1, max: 20 })), { maxLength: 25, size: "max" })
  .map((stretches) => stretches.flatMap(([drawn, n]) => Array.from({ length: n }, () => drawn)));

test("firing and ok alternate, each sent at most once an hour", () => {
  const taken = fc.infiniteStream(fc.boolean());
  fc.assert(
    fc.property(history, taken, (levels, gates) => {
      const messages = live(levels.map((drawn) => ({ level: drawn, isTaken: gates.next().value === true })));
      messages.forEach((message, i) => {
        expect(message.level).toBe(i % 2 === 0 ? "firing" : "ok");
        const before = messages[i - 2];
        if (before !== undefined) expect(message.at - before.at).toBeGreaterThanOrEqual(QUIET_MS);
      });
    }),
  );
});

test("sends each level once after an hour, and at once after a quiet hour", () => {
  fc.assert(
    fc.property(history, level, (levels, last) => {
      const lasting = Array.from({ length: QUIET_MS / STEP_MS + 1 }, () => last);
      const messages = live([...levels, ...lasting].map((drawn) => ({ level: drawn, isTaken: true })));
      expect(messages.at(-1)?.level ?? "ok").toBe(last);
      const longer = live([...levels, ...lasting, ...lasting].map((drawn) => ({ level: drawn, isTaken: true })));
      expect(longer).toEqual(messages);
    }),
  );
  const quiet = ["ok", "ok", "firing", "firing", "ok", "ok"] as const;
  expect(live(quiet.map((drawn) => ({ level: drawn, isTaken: true })))).toEqual([
    { level: "firing", at: 2 * STEP_MS },
    { level: "ok", at: 4 * STEP_MS },
  ]);
});

test("sends a message again only if the webhook did not accept it", () => {
  const never = live(Array.from({ length: 9 }, () => ({ level: "firing" as const, isTaken: false })));
  expect(never).toEqual([]);
  const late = Array.from({ length: 9 }, (_, i) => ({ level: "firing" as const, isTaken: i >= 4 }));
  expect(live(late)).toEqual([{ level: "firing", at: 4 * STEP_MS }]);
});

test("a level keeps its start time and the detail of that time", () => {
  const firing = { kind: "stale", site: "s", level: "firing", detail: "first" } as const;
  const first = nextState(null, firing, 1);
  expect(nextState(first, { ...firing, detail: "later" }, 2)).toMatchObject({ since: 1, detail: "first" });
  expect(nextState(first, { ...firing, level: "ok", detail: "over" }, 3)).toMatchObject({ since: 3, detail: "over" });
});
