/** Full turns of the units of angles, by the symbols of catalog/unit.ts. */
const TURNS: ReadonlyMap<string, number> = new Map([
  ["°", 360],
  ["°ph", 360],
  ["rad", 2 * Math.PI],
]);

/** The full turn of a unit of angles; null: not a unit of angles. */
export function turnOf(unit: string | null): number | null {
  return unit === null ? null : (TURNS.get(unit) ?? null);
}

/**
 * Shortest mean of unit vectors that has a direction. A sensor that reads whole degrees moves the mean vector by up to
 * 0.0087, so shorter ones come from directions that cancel out.
 */
const SHORTEST_MEAN = 0.01;

/**
 * The circular mean of values[from, to): the direction of the sum of their unit vectors.
 * - In [0, turn), or in [-turn / 2, turn / 2) if a value is negative.
 * - Equal values are their own mean.
 * - NaN: the values cancel out.
 */
export function circularMean(values: Float64Array, from: number, to: number, turn: number): number {
  const first = values[from]!;
  let [isConstant, isSigned, sin, cos] = [true, false, 0, 0];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value !== first) isConstant = false;
    if (value < 0) isSigned = true;
    // Takes the remainder first, because the sine of a large argument loses digits.
    const radians = ((value % turn) / turn) * 2 * Math.PI;
    sin += Math.sin(radians);
    cos += Math.cos(radians);
  }
  if (isConstant) return first;
  if (!(Math.hypot(sin, cos) >= SHORTEST_MEAN * (to - from))) return Number.NaN;
  return within((Math.atan2(sin, cos) / (2 * Math.PI)) * turn, turn, isSigned);
}

/** Interpolates between two angles along the shorter arc; NaN: they are opposite. */
export function angleBetween(before: number, after: number, share: number, turn: number): number {
  // In [-turn / 2, turn / 2).
  const way = within(after - before, turn, true);
  if (Math.abs(way) === turn / 2) return Number.NaN;
  return within(before + way * share, turn, before < 0 || after < 0);
}

/** The same direction within one turn. */
function within(angle: number, turn: number, isSigned: boolean): number {
  const start = isSigned ? -turn / 2 : 0;
  const moved = angle - Math.floor((angle - start) / turn) * turn;
  // An angle just below the start rounds to a whole turn.
  return moved >= start + turn ? start : moved;
}
