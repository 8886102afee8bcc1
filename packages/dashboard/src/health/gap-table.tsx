import { useState } from "preact/hooks";
import { pointTitle } from "../explore/point-title.ts";
import { PlaceLink } from "../location/place-link.tsx";
import { exploreAt } from "./explore-place.ts";
import { formatAgo, formatCause, formatRoughLength, formatTimeOfDay } from "./format-health.ts";
import { type GapRow, lengthOf } from "./open-gaps.ts";

const FIRST = 6;
/** Time shown around a gap in Explore. */
const LEAST_MARGIN_MS = 3_600_000;

interface GapTableProps {
  readonly site: string;
  readonly zone: string;
  readonly rows: readonly GapRow[];
  /** epoch ms */
  readonly now: number;
  readonly hasInquiries: boolean;
}

/** Open gaps, each with a link to Explore. */
export function GapTable({ site, zone, rows, now, hasInquiries }: GapTableProps) {
  const [isWhole, setWhole] = useState(false);
  return (
    <>
      <table class={hasInquiries ? "health-table gap-table named" : "health-table gap-table"}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Since</th>
            <th scope="col">Length</th>
            <th scope="col">Why</th>
            {hasInquiries && <th scope="col">Last request</th>}
          </tr>
        </thead>
        <tbody>
          {(isWhole ? rows : rows.slice(0, FIRST)).map((row, i) => (
            <tr key={`${row.start} ${row.subject === "site" ? "" : (row.subject.point ?? i)}`}>
              <th scope="row">
                <GapLink site={site} row={row} now={now} />
                {row.subject !== "site" && row.subject.point !== null && (
                  <p class="quiet" title={row.subject.point}>
                    {row.subject.point}
                  </p>
                )}
              </th>
              <td class="number">{formatTimeOfDay(zone, row.start, now)}</td>
              <td class="number">
                {formatRoughLength(lengthOf(row, now))}
                {row.end === null && <span class="quiet"> so far</span>}
              </td>
              <td>{formatCause(row.cause)}</td>
              {hasInquiries && <td class="number">{formatInquiry(row, now)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {!isWhole && rows.length > FIRST && (
        <button type="button" class="button" onClick={() => setWhole(true)}>
          Show {rows.length - FIRST} more
        </button>
      )}
    </>
  );
}

function GapLink({ site, row, now }: { readonly site: string; readonly row: GapRow; readonly now: number }) {
  const margin = Math.max(LEAST_MARGIN_MS, lengthOf(row, now) / 4);
  const [start, end] = [row.start - margin, Math.min(now, (row.end ?? now) + margin)];
  const point = row.subject === "site" ? null : row.subject.point;
  const title = row.subject === "site" ? "The whole site" : point === null ? "A point" : pointTitle(point, undefined);
  // The point's name is not known without the token.
  if (row.subject !== "site" && point === null) return <>{title}</>;
  return <PlaceLink to={exploreAt(site, point === null ? null : [point], start, end)}>{title}</PlaceLink>;
}

function formatInquiry({ inquiry }: GapRow, now: number): string {
  if (inquiry === null || inquiry.attempts === 0) return "not yet";
  const { attempts, next_attempt_at: next, last_error: error } = inquiry;
  const wait = next === null ? 0 : Date.parse(next) - now;
  const parts = [
    attempts === 1 ? "once" : `${attempts} times`,
    ...(next === null ? [] : [wait > 0 ? `next in ${formatRoughLength(wait)}` : `due ${formatAgo(-wait)}`]),
    ...(error === null ? [] : [error]),
  ];
  return parts.join(", ");
}
