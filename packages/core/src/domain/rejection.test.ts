import fc from "fast-check";
import { expect, test } from "vitest";
import { addRejections, countRejection, REJECTION_REASONS, type RejectionCounts, totalRejected } from "./rejection.ts";

const events = fc.array(fc.tuple(fc.constantFrom(...REJECTION_REASONS), fc.integer({ min: 0, max: 1_000 })));

function counted(of: readonly (readonly [(typeof REJECTION_REASONS)[number], number])[]): RejectionCounts {
  const counts: RejectionCounts = {};
  for (const [reason, n] of of) countRejection(counts, reason, n);
  return counts;
}

test("the total is the sum of all counts, and absent reasons did not occur", () => {
  fc.assert(
    fc.property(events, (of) => {
      const counts = counted(of);
      expect(totalRejected(counts)).toBe(of.reduce((sum, [, n]) => sum + n, 0));
      const occurred = REJECTION_REASONS.filter((reason) => of.some(([one, n]) => one === reason && n > 0));
      expect(Object.keys(counts).toSorted()).toEqual(occurred.toSorted());
      for (const reason of occurred) {
        expect(counts[reason]).toBe(of.reduce((sum, [one, n]) => sum + (one === reason ? n : 0), 0));
      }
    }),
  );
});

test("adding counts equals counting together, and leaves the addend unchanged", () => {
  fc.assert(
    fc.property(events, events, (first, second) => {
      const into = counted(first);
      const more = counted(second);
      const before = { ...more };
      addRejections(into, more);
      expect(into).toStrictEqual(counted([...first, ...second]));
      expect(more).toStrictEqual(before);
    }),
  );
});

test("counts one at a time by default", () => {
  const counts: RejectionCounts = {};
  countRejection(counts, "future");
  countRejection(counts, "future");
  countRejection(counts, "null", 3);
  expect(counts).toStrictEqual({ future: 2, null: 3 });
  expect(totalRejected({})).toBe(0);
});
