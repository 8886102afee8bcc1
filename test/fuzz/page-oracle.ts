// The meaning of an API page, written plainly and independently of the decoder: by regular expressions and Date.UTC.

const TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const TOLERANCE_MS = 600_000;

type Fields = Readonly<Record<string, unknown>>;

interface OraclePage {
  readonly rows: readonly (readonly [name: string, time: number, value: number])[];
  readonly records: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly cursor: string | null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function timeOf(value: unknown): number {
  if (typeof value === "number") {
    const ms = Math.abs(value) < 1e11 ? Math.round(value * 1e6) / 1000 : value;
    return Math.abs(ms) <= 8.64e15 ? Math.floor(ms) : Number.NaN;
  }
  const match = typeof value === "string" ? TIME.exec(value) : null;
  if (match === null) return Number.NaN;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  date.setUTCHours(hour!, minute, second, Number((match[7] ?? "").padEnd(3, "0").slice(0, 3)));
  const [ahead, behind] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const exists = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && hour! < 24 && minute! < 60;
  if (!exists || second! > 59 || ahead > 23 || behind > 59) return Number.NaN;
  return date.getTime() - (match[8] === "-" ? -1 : 1) * (ahead * 60 + behind) * 60_000;
}

function valueOf(value: unknown): number | string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : "non_finite";
  if (typeof value !== "string") return "non_numeric";
  const text = value.trim().toLowerCase();
  if (DECIMAL.test(text)) return Number.isFinite(Number(text)) ? Number(text) : "non_finite";
  if (["true", "active"].includes(text)) return 1;
  if (["false", "inactive"].includes(text)) return 0;
  return ["nan", "inf", "infinity"].includes(text.replace(/^[+-]/, "")) ? "non_finite" : "non_numeric";
}

const isText = (value: unknown) => value === undefined || value === null || typeof value === "string";
const isFlag = (value: unknown) => value === undefined || value === null || typeof value === "boolean";

/** null: the page does not say whether more follows */
function endOf(cursor: unknown, hasMore: unknown): { cursor: string | null } | null {
  if (hasMore === false) return { cursor: null };
  if (typeof cursor === "string" && cursor !== "") return { cursor };
  return cursor === null && hasMore !== true ? { cursor } : null;
}

/** @returns null if the text is not a page, or proves nothing */
export function readPage(body: unknown, now: number): OraclePage | null {
  if (!isFields(body)) return null;
  const { point_samples: rows, next_cursor: cursor, has_more: hasMore, data, pagination } = body;
  if (Array.isArray(rows) && isText(cursor) && isFlag(hasMore)) {
    return readRows(rows, ["name", "time", "value"], now, endOf(cursor, hasMore));
  }
  if (!Array.isArray(data) || !isFields(pagination) || Array.isArray(pagination)) return null;
  const { next_cursor: next, cursor: own, has_more: more } = pagination;
  if (!isText(next) || !isText(own) || !isFlag(more)) return null;
  return readRows(data, ["point_name", "timestamp", "value"], now, endOf(next === undefined ? own : next, more));
}

function readRows(
  rows: readonly unknown[],
  [nameField, timeField, valueField]: readonly [string, string, string],
  now: number,
  end: { cursor: string | null } | null,
): OraclePage | null {
  if (end === null) return null;
  const taken: [string, number, number][] = [];
  const rejected: Record<string, number> = {};
  const reject = (reason: string) => {
    rejected[reason] = (rejected[reason] ?? 0) + 1;
  };
  for (const row of rows) {
    const fields = isFields(row) ? row : {};
    const [name, time, value] = [fields[nameField], timeOf(fields[timeField]), valueOf(fields[valueField])];
    if (typeof name !== "string" || name === "" || /\p{Surrogate}/u.test(name)) reject("malformed");
    else if (!(time >= 0)) reject("bad_time");
    else if (time > now + TOLERANCE_MS) reject("future");
    else if (typeof value === "string") reject(value);
    else taken.push([name, time, value]);
  }
  return { rows: taken, records: rows.length, rejected, cursor: end.cursor };
}
