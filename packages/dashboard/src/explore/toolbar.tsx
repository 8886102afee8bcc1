import { useRef, useState } from "preact/hooks";
import { toApiError } from "../api/api-error.ts";
import type { Point } from "../api/points.ts";
import { formatSpan } from "../chart/format.ts";
import { LAST_RANGES, panned, type Span, zoomed } from "../chart/span.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";
import { CustomRange } from "./custom-range.tsx";
import { type ExploreState, UNIT_SYSTEMS } from "./explore-state.ts";
import { WeatherChoice } from "./weather-choice.tsx";

interface ToolbarProps {
  readonly state: ExploreState;
  readonly span: Span;
  readonly zone: string;
  readonly weather: readonly Point[];
  readonly onChange: (change: Partial<ExploreState>) => void;
  /** the address of the data, to share */
  readonly dataUrl: string | null;
  /** Saves the shown data as CSV. @throws if that fails */
  readonly onDownload: () => Promise<void>;
}

const UNIT_LABELS = { source: "As recorded", metric: "Metric", imperial: "Imperial" } as const;
const COPIED_MS = 2000;

/** The range and the display options. */
export function Toolbar({ state, span, zone, weather, onChange, dataUrl, onDownload }: ToolbarProps) {
  const { range } = state;
  const [said, setSaid] = useState("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const say = (text: string) => {
    setSaid(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(""), COPIED_MS);
  };
  const go = (next: Span) => onChange({ range: next });
  const copy = async () => {
    if (dataUrl === null) return;
    try {
      await navigator.clipboard.writeText(dataUrl);
      say("Copied");
    } catch {
      // Browsers forbid it on pages without encryption.
      window.prompt("The address of this data:", dataUrl);
    }
  };
  const save = async () => {
    try {
      await onDownload();
    } catch (error) {
      say(toApiError(error).message);
    }
  };
  const toggleWeather = (name: string) => {
    const isOn = state.weather.includes(name);
    onChange({ weather: isOn ? state.weather.filter((one) => one !== name) : [...state.weather, name] });
  };
  const isLast = "last" in range;
  return (
    <div class="toolbar" role="toolbar" aria-label="Range and display">
      <div class="segments ranges" role="group" aria-label="Range">
        {LAST_RANGES.map(({ id, label, title }) => (
          <button
            key={id}
            type="button"
            title={title}
            aria-label={`Last ${label}`}
            aria-pressed={isLast && range.last === id}
            onClick={() => onChange({ range: { last: id } })}
          >
            {label}
          </button>
        ))}
      </div>
      <div class="row range-moves">
        <button
          type="button"
          class="icon-button"
          aria-label="Earlier"
          title="Earlier"
          onClick={() => go(panned(span, -0.5))}
        >
          <Icon name="left" />
        </button>
        <CustomRange
          span={span}
          zone={zone}
          isChosen={!isLast}
          label={formatSpan(zone, span.start, span.end)}
          onSpan={go}
        />
        <button
          type="button"
          class="icon-button"
          aria-label="Later"
          title="Later"
          onClick={() => go(panned(span, 0.5))}
        >
          <Icon name="right" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Zoom out"
          title="Zoom out"
          onClick={() => go(zoomed(span, 2))}
        >
          <Icon name="zoomOut" />
        </button>
      </div>
      <div class="row toolbar-end">
        <button
          type="button"
          class="button toggle"
          aria-pressed={isLast && state.live}
          disabled={!isLast}
          title={isLast ? "Moves on every minute" : "A fixed range does not move on"}
          onClick={() => onChange({ live: !state.live })}
        >
          <i class="live-dot" /> Live
        </button>
        <Popover label="Display" button="button" icon={<Icon name="down" />}>
          {() => (
            <div class="stack display-form">
              <label class="check">
                <input type="checkbox" checked={state.band} onChange={() => onChange({ band: !state.band })} />
                Minimum to maximum behind averages
              </label>
              <label class="field">
                <span>Units</span>
                <select
                  class="select"
                  value={state.units}
                  onChange={(event) => {
                    const { value } = event.currentTarget;
                    onChange({ units: UNIT_SYSTEMS.find((one) => one === value) ?? "source" });
                  }}
                >
                  {UNIT_SYSTEMS.map((system) => (
                    <option key={system} value={system}>
                      {UNIT_LABELS[system]}
                    </option>
                  ))}
                </select>
              </label>
              {weather.length > 0 && (
                <WeatherChoice weather={weather} chosen={state.weather} onToggle={toggleWeather} />
              )}
            </div>
          )}
        </Popover>
        <button
          type="button"
          class="icon-button"
          aria-label="Download as CSV"
          title="Download as CSV"
          disabled={dataUrl === null}
          onClick={() => void save()}
        >
          <Icon name="download" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Copy the API's address of this data"
          title="Copy the API's address of this data"
          disabled={dataUrl === null}
          onClick={() => void copy()}
        >
          <Icon name={said === "Copied" ? "check" : "link"} />
        </button>
        <span class={said === "" ? "visually-hidden" : "quiet said"} role="status">
          {said}
        </span>
      </div>
    </div>
  );
}
