import { useEffect, useId, useRef, useState } from "preact/hooks";
import { fetchPoints, type Point } from "../api/points.ts";
import { useAnswer } from "../api/use-answer.ts";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";
import { MAX_SERIES } from "./explore-state.ts";
import { pointTitle } from "./point-title.ts";

interface PointSearchProps {
  readonly site: string;
  readonly chosen: readonly string[];
  readonly onToggle: (name: string) => void;
  /** whether a chosen point replaces another one, and the search then closes */
  readonly isSingle?: boolean;
  /** receives each loaded list */
  readonly onFound: (points: readonly Point[]) => void;
}

const PAGE = 100;
const TYPING_MS = 150;

/** Finds points by text, unit and tag, and adds or removes them. `/` focuses it, Escape leaves it. */
export function PointSearch({ site, chosen, onToggle, isSingle = false, onFound }: PointSearchProps) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [search, setSearch] = useState("");
  const [unit, setUnit] = useState("");
  const [tag, setTag] = useState("");
  const [active, setActive] = useState(0);
  const root = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  const units = useRef(new Set<string>());
  const tags = useRef(new Set<string>());

  useEffect(() => {
    const timer = setTimeout(() => setSearch(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    const outside = (event: Event) => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, []);

  const filter = { search, unit, tag };
  const found = useAnswer(isOpen ? JSON.stringify([site, filter]) : null, async (signal) => {
    const page = await fetchPoints(site, filter, PAGE, signal);
    for (const point of page.points) {
      if (point.unit !== null) units.current.add(point.unit);
      for (const marker of point.tags.markers) tags.current.add(marker);
      for (const [name, value] of Object.entries(point.tags.kv)) tags.current.add(`${name}:${value}`);
    }
    onFound(page.points);
    return page;
  });
  const points = found.data?.points ?? [];
  const current = Math.min(active, points.length - 1);
  const isFull = chosen.length >= MAX_SERIES;
  const toggle = (point: Point) => {
    if (chosen.includes(point.name) || !isFull) onToggle(point.name);
    if (!isSingle) return;
    setOpen(false);
    setText("");
  };
  useEffect(() => setActive(0), [search, unit, tag]);
  useEffect(() => {
    if (isOpen) root.current?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" });
  }, [current, isOpen]);

  const onKeyDown = (event: KeyboardEvent) => {
    const point = points[current];
    if (event.key === "ArrowDown") setActive(Math.min(points.length - 1, current + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, current - 1));
    else if (event.key === "Enter" && isOpen && point !== undefined) toggle(point);
    else return;
    event.preventDefault();
    setOpen(true);
  };
  return (
    <div
      ref={root}
      class="point-search"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        setOpen(false);
        input.current?.focus();
        // Focus alone must not open it again.
        event.preventDefault();
      }}
    >
      <div class="search-box">
        <Icon name="search" />
        <input
          ref={input}
          class="input"
          type="search"
          list={undefined}
          role="combobox"
          placeholder={isSingle ? "Find a point: name, tag or unit" : "Add points: name, tag or unit"}
          aria-label="Search points"
          aria-expanded={isOpen}
          aria-controls={listId}
          aria-activedescendant={isOpen && points.length > 0 ? `${listId}-${current}` : undefined}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setOpen(true);
          }}
          onClick={() => setOpen(true)}
          onFocus={({ relatedTarget: from }) => {
            if (!(from instanceof Node && root.current?.contains(from) === true)) setOpen(true);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      {isOpen && (
        <div class="search-panel">
          <div class="search-filters">
            <Choice label="Unit" none="Any unit" value={unit} choices={units.current} onChoose={setUnit} />
            <Choice label="Tag" none="Any tag" value={tag} choices={tags.current} onChoose={setTag} />
          </div>
          {found.error !== undefined && <Failure part="The points" error={found.error} onRetry={found.reload} />}
          <ul
            id={listId}
            class="search-results"
            role="listbox"
            aria-multiselectable={!isSingle}
            aria-label="Points"
            aria-busy={found.isLoading}
            tabIndex={-1}
          >
            {points.map((point, i) => {
              const isChosen = chosen.includes(point.name);
              return (
                <li
                  key={point.name}
                  id={`${listId}-${i}`}
                  role="option"
                  aria-selected={isChosen}
                  aria-disabled={!isChosen && isFull}
                  data-active={i === current ? "" : undefined}
                  onClick={() => toggle(point)}
                >
                  <span class="search-mark">{isChosen && <Icon name="check" />}</span>
                  <span class="search-name" title={`${pointTitle(point.name, point)}\n${point.name}`}>
                    <b>{pointTitle(point.name, point)}</b>
                    <small class="quiet">{point.name}</small>
                  </span>
                  <span class="quiet">{point.unit}</span>
                </li>
              );
            })}
          </ul>
          <p class="search-foot quiet" aria-live="polite">
            {footOf(found.data?.next_cursor != null, points.length, found.data !== undefined, isFull)}
          </p>
        </div>
      )}
    </div>
  );
}

function footOf(isMore: boolean, count: number, isThere: boolean, isFull: boolean): string {
  if (isFull) return `${MAX_SERIES} points are charted, the most that fit: remove one first.`;
  if (!isThere) return "Loading…";
  if (count === 0) return "No point matches.";
  if (isMore) return `The first ${count}: type more to narrow the list.`;
  return count === 1 ? "1 point" : `${count} points`;
}

interface ChoiceProps {
  readonly label: string;
  readonly none: string;
  readonly value: string;
  readonly choices: ReadonlySet<string>;
  readonly onChoose: (value: string) => void;
}

function Choice({ label, none, value, choices, onChoose }: ChoiceProps) {
  return (
    <select class="select" aria-label={label} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
      <option value="">{none}</option>
      {[...choices].sort().map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}
