import { ahu } from "./ahu.ts";
import { meter } from "./meter.ts";
import type { Equipment } from "./point-spec.ts";
import { vav } from "./vav.ts";
import { weatherStation } from "./weather-station.ts";

const VAVS_PER_AHU = 12;

/**
 * A building's equipment without end: its weather feed, then for each floor a meter, an air handler and its boxes. A
 * larger building has every point of a smaller one.
 */
export function* equipmentOf(seed: number, hasWeather: boolean, afternoonUtc: number): Generator<Equipment> {
  if (hasWeather) yield weatherStation();
  for (let floor = 1; ; floor++) {
    yield meter(seed, floor, afternoonUtc);
    yield ahu(seed, floor);
    for (let box = 1; box <= VAVS_PER_AHU; box++) yield vav(seed, (floor - 1) * VAVS_PER_AHU + box);
  }
}
