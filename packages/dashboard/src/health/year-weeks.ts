import { type Day, formatDay } from "../patterns/calendar.ts";

/** The number of weeks, up to the present one: at least twelve months. */
const WEEKS = 53;

/** UTC days since 1970-01-01, half-open, starting on a Monday, up to and including today. @param now epoch ms */
export function yearOf(now: number): { readonly first: Day; readonly end: Day } {
  const today = Math.floor(now / 86_400_000);
  // 1970-01-01 was a Thursday.
  const monday = today - ((today + 3) % 7);
  return { first: monday - (WEEKS - 1) * 7, end: today + 1 };
}

interface YearColumn {
  /** days of the week from Monday on, as `YYYY-MM-DD`; fewer than seven: the others are in the future */
  readonly dates: readonly string[];
  /** the month that begins in this week, or the first one; null: none, or no room for its name */
  readonly month: { readonly name: string; readonly year: string } | null;
}

/** Columns of a name. */
const NAME_COLUMNS = 3;

const monthName = new Intl.DateTimeFormat("en", { month: "short", timeZone: "UTC" });

/** Arranges a year with one column per week. @param first a Monday */
export function yearColumns({ first, end }: { readonly first: Day; readonly end: Day }): YearColumn[] {
  const weeks = Math.ceil((end - first) / 7);
  const starts = Array.from({ length: weeks }, (_, week) => {
    const dates: string[] = [];
    for (let day = first + week * 7; day < Math.min(end, first + week * 7 + 7); day++) dates.push(formatDay(day));
    return { dates, begins: week === 0 ? dates[0] : dates.find((date) => date.endsWith("-01")) };
  });
  return starts.map(({ dates, begins }, week) => {
    // If the first week has only the last days of a month, the next month's name would overlap this one's.
    const isCrowded = week === 0 && starts.slice(1, NAME_COLUMNS).some((next) => next.begins !== undefined);
    const month =
      begins === undefined || isCrowded || week > weeks - 2
        ? null
        : { name: monthName.format(Date.parse(begins)), year: begins.slice(0, 4) };
    return { dates, month };
  });
}
