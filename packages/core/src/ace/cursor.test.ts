import { describe, expect, it } from "vitest";
import { cursorIdentity, repairCursor } from "./cursor.ts";

const cursor = (position: object) => btoa(JSON.stringify(position));
const T = "2025-10-12T16:30:37.626470";
const LATER = "2025-10-12T16:31:37.000001";

describe("repairCursor", () => {
  it("adds the incoming offset if a page lies within one timestamp", () => {
    const repaired = repairCursor(cursor({ offset: 2070, timestamp: T }), cursor({ offset: 1000, timestamp: T }), {
      lastTime: T,
      rowsAtLastTime: 1000,
    });
    expect(JSON.parse(atob(repaired))).toEqual({ offset: 3070, timestamp: T });
  });

  it("compares times to the microsecond in any notation", () => {
    const whole = "2025-10-12T16:30:37";
    const end = { lastTime: `${whole}.000000`, rowsAtLastTime: 3 };
    const given = cursor({ offset: 3, timestamp: `${whole}Z` });
    const repaired = repairCursor(cursor({ offset: 3, timestamp: whole }), given, end);
    expect(JSON.parse(atob(repaired))).toEqual({ offset: 6, timestamp: `${whole}Z` });

    const next = "2025-10-12T16:30:37.000001";
    const other = cursor({ offset: 3, timestamp: next });
    expect(repairCursor(cursor({ offset: 3, timestamp: whole }), other, { lastTime: next, rowsAtLastTime: 3 })).toBe(
      other,
    );
  });

  it("keeps a cursor's other fields", () => {
    const repaired = repairCursor(cursor({ offset: 1, timestamp: T }), cursor({ offset: 2, timestamp: T, v: 3 }), {
      lastTime: T,
      rowsAtLastTime: 2,
    });
    expect(JSON.parse(atob(repaired))).toEqual({ offset: 3, timestamp: T, v: 3 });
  });

  const end = { lastTime: T, rowsAtLastTime: 5 };
  it.each([
    ["the first page", null, cursor({ offset: 5, timestamp: T }), end],
    [
      "a page that ended at a later time",
      cursor({ offset: 9, timestamp: T }),
      cursor({ offset: 5, timestamp: LATER }),
      { lastTime: LATER, rowsAtLastTime: 5 },
    ],
    [
      "a cursor that points past the page's last time",
      cursor({ offset: 9, timestamp: T }),
      cursor({ offset: 0, timestamp: LATER }),
      end,
    ],
    [
      "an offset that is already correct",
      cursor({ offset: 9, timestamp: T }),
      cursor({ offset: 14, timestamp: T }),
      end,
    ],
    [
      "an empty page",
      cursor({ offset: 9, timestamp: T }),
      cursor({ offset: 0, timestamp: T }),
      { lastTime: null, rowsAtLastTime: 0 },
    ],
    ["an opaque cursor", "page-2", "page-3", end],
    ["base64 of something else", btoa("[1]"), btoa('{"offset":"5"}'), end],
    ["an opaque cursor after one of ours", cursor({ offset: 9, timestamp: T }), "%%%", end],
  ])("leaves %s alone", (_, incoming, next, pageEnd) => {
    expect(repairCursor(incoming, next, pageEnd)).toBe(next);
  });
});

describe("cursorIdentity", () => {
  it("is the same for one position with any JSON spacing and order", () => {
    const spaced = btoa(`{"timestamp": "${T}", "offset": 7}`);
    expect(cursorIdentity(spaced)).toBe(cursorIdentity(cursor({ offset: 7, timestamp: T })));
    expect(cursorIdentity(spaced)).not.toBe(cursorIdentity(cursor({ offset: 8, timestamp: T })));
  });

  it("of an opaque cursor is the cursor itself", () => {
    expect(cursorIdentity("page-2")).toBe("page-2");
  });
});

it("passes on a cursor that base64 cannot represent", () => {
  const given = btoa('{"offset":1,"timestamp":"2025-10-12T14:50:36","x":"\\u0100"}');
  expect(cursorIdentity(given)).toBe(given);
  expect(repairCursor(given, given, { lastTime: "2025-10-12T14:50:36", rowsAtLastTime: 3 })).toBe(given);
});
