import fc from "fast-check";
import { expect, test } from "vitest";
import { addRejections, countRejection, REJECTION_REASONS, type RejectionCounts, totalRejected } from "./rejection.ts";

const events = fc.array(fc.tuple(fc.constantFrom(...REJECTION_REASONS), fc.integer({ min: 0, max: 1_000 })));

function counted(drawn: readonly (readonly [(typeof REJECTION_REASONS)[number], number])[]): RejectionCounts {
  const counts: RejectionCounts = {};
  for (const [reason, n] of drawn) countRejection(counts, reason, n);
  return counts;
}

test("the total is the sum of all counts, and absent reasons did not occur", () => {
  fc.assert(
    fc.property(events, (drawn) => {
      const counts = counted(drawn);
      expect(totalRejected(counts)).toBe(drawn.reduce((sum, [, n]) => sum + n, 0));
      const occurred = REJECTION_REASONS.filter((reason) => drawn.some(([other, n]) => other === reason && n > 0));
      expect(Object.keys(counts).toSorted()).toEqual(occurred.toSorted());
      for (const reason of occurred) {
        expect(counts[reason]).toBe(drawn.reduce((sum, [other, n]) => sum + (other === reason ? n : 0), 0));
      }
    }),
  );
});

test("adding counts equals counting together, and leaves the addend unchanged", () => {
  fc.assert(
    fc.property(events, events, (first, second) => {
      const into = counted(first);
      const added = counted(second);
      const before = { ...added };
      addRejections(into, added);
      expect(into).toStrictEqual(counted([...first, ...second]));
      expect(added).toStrictEqual(before);
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
