const QUARTER_HOUR_MS = 900_000;

/** The wall clock of a site. */
export interface WallClock {
  /** [0, 24), with the minutes as a fraction */
  readonly hour: number;
  /** 0 is Sunday */
  readonly weekday: number;
  /** days since 1970-01-01 */
  readonly day: number;
}

/** A reader of one IANA zone's wall clock, from epoch milliseconds. */
export function wallClockOf(timeZone: string): (timeMs: number) => WallClock {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  // looking an offset up is slow, and it changes only at a quarter of an hour, so the last one is kept
  let quarter = Number.NaN;
  let offsetMs = 0;
  return (timeMs) => {
    const wanted = Math.floor(timeMs / QUARTER_HOUR_MS);
    if (wanted !== quarter) {
      const zoneName = format.formatToParts(wanted * QUARTER_HOUR_MS).find((part) => part.type === "timeZoneName");
      offsetMs = parseOffset(zoneName?.value ?? "");
      quarter = wanted;
    }
    const localMs = timeMs + offsetMs;
    const day = Math.floor(localMs / 86_400_000);
    return { hour: localMs / 3_600_000 - day * 24, weekday: (((day + 4) % 7) + 7) % 7, day };
  };
}

/** Milliseconds of an offset such as "GMT-05:00", or "GMT" for none. */
function parseOffset(text: string): number {
  const match = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(text);
  if (!match) throw new Error(`no offset from UTC: ${JSON.stringify(text)}`);
  const [, sign, hours = "0", minutes = "0"] = match;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
