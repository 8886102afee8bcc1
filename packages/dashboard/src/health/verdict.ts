import { formatCount } from "../backfill/format-backfill.ts";
import type { CoverageState } from "./coverage-state.ts";
import type { Alert, SiteStatus, Status } from "./health-api.ts";
import { formatAgo, formatAlert, formatRoughLength, shareText, upperFirst } from "./format-health.ts";
import { isBehind, lagOf } from "./lag.ts";
import { isOld, lastScanOf } from "./last-scan.ts";

/** A smaller share of the expected samples is a warning. */
const WHOLE = 0.99;

/** `unknown`: no known fault, but something is unknown */
type Level = "good" | "unknown" | "warning" | "bad";

interface Problem {
  readonly level: "warning" | "bad";
  readonly text: string;
}

/** The overall status as text. */
export interface Verdict {
  readonly level: Level;
  /** `All is well`, the worst fault, or the first unknown */
  readonly headline: string;
  /** the other faults; alerts have a list of their own */
  readonly others: readonly string[];
  /** the good facts, and the other unknowns */
  readonly facts: readonly string[];
}

/**
 * Sums up the status.
 * @param days states of the days of the shown site; null: unknown
 * @param now epoch ms, of the clock of `status.now`
 */
export function verdictOf(status: Status, days: readonly CoverageState[] | null, now: number): Verdict {
  const { sites, unknown_sites: lost } = status;
  const alerts = status.alerts ?? [];
  const isMany = sites.length + lost.length > 1;
  // Alerts have a list of their own.
  const alertProblems = alerts.map((alert): Problem => ({ level: "bad", text: alertLine(alert, isMany) }));
  const problems = [
    ...lost.map((name): Problem => ({ level: "bad", text: `the database of ${name} does not answer` })),
    ...alertProblems,
    ...sites.flatMap((site) => {
      const isAlert = alerts.some((alert) => alert.kind === "stale" && alert.site === site.name);
      return siteProblems(site, isAlert, now).map((problem) => {
        return isMany ? { ...problem, text: `${site.name}: ${problem.text}` } : problem;
      });
    }),
    ...dayProblems(days ?? []),
  ];
  const worst = problems.find(({ level }) => level === "bad") ?? problems[0];
  const rest = problems
    .filter((problem) => problem !== worst && !alertProblems.includes(problem))
    .map(({ text }) => text);
  if (sites.length === 0 && lost.length === 0)
    return { level: "warning", headline: "There is no site yet", others: rest, facts: [] };
  const good = sites.length === 0 ? [] : goodFacts(sites, lost.length === 0, now);
  const unknown = unknownThings(sites, days === null, now);
  if (status.alerts === null) unknown.push("alerts are unknown: the main database does not answer");
  if (worst !== undefined) {
    return { level: worst.level, headline: upperFirst(worst.text), others: rest, facts: [...good, ...unknown] };
  }
  const [first, ...others] = unknown;
  if (first === undefined) return { level: "good", headline: "All is well", others: [], facts: good };
  const headline = `No known problems. ${upperFirst(first)}.`;
  return { level: "unknown", headline, others: [], facts: [...good, ...others] };
}

function alertLine({ kind, site }: Alert, isMany: boolean): string {
  return isMany && site !== null ? `${formatAlert(kind)}: ${site}` : formatAlert(kind);
}

function siteProblems(site: SiteStatus, isStaleAlert: boolean, now: number): Problem[] {
  const problems: Problem[] = [];
  const add = (text: string) => problems.push({ level: "warning", text });
  const lag = lagOf(site, now);
  if (site.paused !== null) add("the sync is paused");
  else if (lag === null) add("never synced so far");
  else if (isBehind(lag) && !isStaleAlert) add(`the sync is ${formatRoughLength(lag)} behind`);
  if (site.paused === null && site.last_runs[0]?.complete === false) add("the last sync was not complete");
  const { open, missing_seconds: missing } = site.gaps;
  if (open > 0) add(`${formatCount(open, "open gap")}, ${formatRoughLength(missing * 1000)} in all`);
  const share = site.coverage_24h?.fraction ?? 1;
  if (share < WHOLE) add(`only ${shareText(share)} of the expected samples in 24 h`);
  return problems;
}

function dayProblems(days: readonly CoverageState[]): Problem[] {
  const count = (state: CoverageState) => days.filter((day) => day === state).length;
  const [suspect, failed, holes] = [count("suspect"), count("failed"), count("hole")];
  return [
    ...(suspect > 0 ? [`${formatCount(suspect, "day")} with a suspect file`] : []),
    ...(failed > 0 ? [`${formatCount(failed, "day")} that could not be settled`] : []),
    ...(holes > 0 ? [`${formatCount(holes, "day")} missing`] : []),
  ].map((text) => ({ level: "warning", text }));
}

/** @param isAll whether these are all sites */
function goodFacts(sites: readonly SiteStatus[], isAll: boolean, now: number): string[] {
  const facts: string[] = [];
  const lags = sites.map((site) => lagOf(site, now));
  const known = lags.filter((lag) => lag !== null);
  const longest = Math.max(...known);
  if (known.length === lags.length && !isBehind(longest)) {
    facts.push(
      sites.length === 1
        ? `synced ${formatAgo(longest)}`
        : `${isAll ? "all " : ""}${sites.length} sites synced ${formatAgo(longest)} or later`,
    );
  }
  // "No open gaps" is true only after a scan.
  const scans = sites.map(lastScanOf);
  const areCurrent = scans.every((scan) => scan !== null && !isOld(scan.until, now));
  if (areCurrent && sites.every(({ gaps }) => gaps.open === 0)) facts.push("no open gaps");
  const knownScans = scans.filter((scan) => scan !== null);
  const least = Math.min(...knownScans.map(({ fraction }) => fraction));
  if (knownScans.length > 0 && least >= WHOLE) {
    const oldest = Math.min(...knownScans.map(({ until }) => until));
    const asOf = isOld(oldest, now) ? `, as of ${formatAgo(now - oldest)}` : "";
    facts.push(`${shareText(least)} of expected samples in 24 h${sites.length > 1 ? " or more" : ""}${asOf}`);
  }
  const unjudged = sites.reduce((sum, { coverage_24h: coverage }) => sum + (coverage?.unjudged_points ?? 0), 0);
  if (unjudged > 0) facts.push(`unknown for ${formatCount(unjudged, "point")} without a known cadence`);
  return facts;
}

/** Unknowns that prevent "All is well". */
function unknownThings(sites: readonly SiteStatus[], areDaysUnknown: boolean, now: number): string[] {
  const where = (count: number) => (sites.length === 1 ? "" : ` at ${count} of ${sites.length} sites`);
  const things: string[] = [];
  const unseen = sites.filter((site) => site.coverage_24h === null).length;
  if (unseen > 0) things.push(`gap detection has not run yet${where(unseen)}`);
  const blind = sites.filter((site) => site.coverage_24h?.fraction === null).length;
  if (blind > 0) things.push(`no point has a known cadence${where(blind)}, so gaps cannot be detected`);
  const scans = sites.map(lastScanOf).filter((scan) => scan !== null);
  const old = scans.filter(({ until }) => isOld(until, now));
  const last = Math.min(...old.map(({ until }) => until));
  if (old.length > 0) things.push(`the last gap scan was ${formatAgo(now - last)}${where(old.length)}`);
  if (areDaysUnknown) things.push("the stored days are not known yet");
  return things;
}
