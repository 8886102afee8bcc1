import { useState } from "preact/hooks";
import type { Point } from "../api/points.ts";
import { pointTitle } from "./point-title.ts";

interface WeatherChoiceProps {
  readonly weather: readonly Point[];
  /** names of those that are shown */
  readonly chosen: readonly string[];
  readonly onToggle: (name: string) => void;
}

/**
 * Which weather lies over the chart. Points of the building's own weather feed often have no label, and mostly say what the
 * labelled ones say; but they may be years older, so they are there, folded, where there are others.
 */
export function WeatherChoice({ weather, chosen, onToggle }: WeatherChoiceProps) {
  const named = weather.filter(({ label }) => label !== null);
  const others = weather.filter(({ label }) => label === null);
  const [isOpenAtFirst] = useState(() => others.some(({ name }) => chosen.includes(name)));
  const list = (points: readonly Point[]) =>
    points.map((point) => (
      <label class="check" key={point.name}>
        <input type="checkbox" checked={chosen.includes(point.name)} onChange={() => onToggle(point.name)} />
        {pointTitle(point.name, point)} <span class="quiet">{point.unit}</span>
      </label>
    ));
  return (
    <fieldset class="weather">
      <legend>Weather over the chart</legend>
      {list(named)}
      {named.length === 0 || others.length === 0 ? (
        list(others)
      ) : (
        <details open={isOpenAtFirst}>
          <summary>{others.length} more without a label</summary>
          {list(others)}
        </details>
      )}
    </fieldset>
  );
}
