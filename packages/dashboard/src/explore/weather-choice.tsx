import type { Point } from "../api/points.ts";
import { pointTitle } from "./point-title.ts";

interface WeatherChoiceProps {
  readonly weather: readonly Point[];
  /** names of the shown ones */
  readonly chosen: readonly string[];
  readonly onToggle: (name: string) => void;
}

/** Chooses the weather shown over the chart. */
export function WeatherChoice({ weather, chosen, onToggle }: WeatherChoiceProps) {
  return (
    <fieldset class="weather">
      <legend>Weather over the chart</legend>
      {weather.map((point) => (
        <label class="check" key={point.name}>
          <input type="checkbox" checked={chosen.includes(point.name)} onChange={() => onToggle(point.name)} />
          {pointTitle(point.name, point)} <span class="quiet">{point.unit}</span>
        </label>
      ))}
    </fieldset>
  );
}
