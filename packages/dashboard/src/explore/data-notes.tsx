import type { TimeseriesAnswer } from "../api/timeseries.ts";
import { formatLength } from "../chart/format.ts";
import { Icon } from "../ui/icon.tsx";
import type { Answered } from "./use-series.ts";

const INTERVALS: Readonly<Record<string, string>> = {
  raw: "Every sample",
  "1min": "1-minute averages",
  "5min": "5-minute averages",
  "1hr": "Hourly averages",
  "1day": "Daily averages",
};
const SOURCES: Readonly<Record<string, string>> = { D1: "recent store (D1)", R2: "archive (R2)" };

function percent(share: number): string {
  // Less than all never shows as complete.
  return `${(Math.floor(share * 1000) / 10).toFixed(1).replace(".0", "")}% complete`;
}

interface DataNotesProps {
  /** undefined: nothing is shown yet */
  readonly answered: Answered | undefined;
  /** whether this is the answer of the present request, not of an earlier one */
  readonly isExact: boolean;
  readonly hasFailed: boolean;
}

/** The answer's resolution, count, sources and completeness. */
export function DataNotes({ answered, isExact, hasFailed }: DataNotesProps) {
  const answer = isExact ? answered?.answer : undefined;
  const waiting = answered === undefined ? "Loading…" : "Loading finer data…";
  const left = answered === undefined ? "" : "Earlier data is shown.";
  return (
    <p class="data-notes number">
      {/* Counts change each minute in a live range, so they are not announced. */}
      <span aria-live="polite">{answer !== undefined ? fineness(answer) : hasFailed ? left : waiting}</span>
      {answer !== undefined && <Notes answer={answer} />}
    </p>
  );
}

function fineness({ interval, metadata: { downsampled } }: TimeseriesAnswer): string {
  if (downsampled === null) return INTERVALS[interval] ?? interval;
  return `${downsampled.to.toLocaleString("en")} of the samples, with the same shape`;
}

function Notes({ answer: { metadata, series } }: { readonly answer: TimeseriesAnswer }) {
  const { total_samples: total, sources, completeness, missing, unjudged_points: unjudged } = metadata;
  const lacking = missing.reduce((sum, [from, to]) => sum + to - from, 0);
  const notes = [
    `${total.toLocaleString("en")} ${total === 1 ? "sample" : "samples"}`,
    sources.length === 0 ? null : `from the ${sources.map((source) => SOURCES[source] ?? source).join(" and the ")}`,
    unjudged.length > 0 ? formatUnjudged(unjudged.length, series.length) : null,
    completeness === null ? null : percent(completeness),
  ];
  return (
    <>
      {` · ${notes.filter((note) => note !== null).join(" · ")}`}
      {missing.length > 0 && (
        <>
          {" · "}
          <span class="missing-note" title="A chart is shaded where none of its points has samples">
            <i class="missing-mark" aria-hidden="true" />
            {`${formatLength(lacking)} missing${series.length > 1 ? " in some point" : ""}`}
          </span>
        </>
      )}
    </>
  );
}

function formatUnjudged(unjudged: number, all: number): string {
  if (all === 1) return "completeness unknown: the point has no known cadence";
  return `completeness unknown: ${unjudged} of ${all} points ${unjudged === 1 ? "has" : "have"} no known cadence`;
}

/** A warning: a part of the data could not be read. */
export function PartialNotice({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <div class="notice" role="status">
      <Icon name="warning" />
      <p>
        <strong>Part of the archive could not be read.</strong> The shaded part could not be read. It is not a gap in
        the measurements.
      </p>
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

interface UnknownPointsProps {
  /** names of no point of the site; at least one */
  readonly names: readonly string[];
  readonly site: string;
  readonly onRemove: (names: readonly string[]) => void;
}

/** Names points of the address that do not exist; the chart shows the others. */
export function UnknownPoints({ names, site, onRemove }: UnknownPointsProps) {
  return (
    <div class="notice" role="status">
      <Icon name="warning" />
      <p>
        <strong>
          {names.length === 1 ? "1 point does not exist" : `${names.length} points do not exist`} at {site}:
        </strong>{" "}
        {names.join(", ")}
      </p>
      <button type="button" class="button" onClick={() => onRemove(names)}>
        {names.length === 1 ? "Remove it" : "Remove them"}
      </button>
    </div>
  );
}
