import { quantityOf } from "../domain/quantity.ts";
import { equipmentOf } from "./equipment.ts";
import { type Field, isField } from "./fields.ts";
import { type Comparison, type FilterNode, type FilterValue, parseFilter } from "./filter-parse.ts";
import type { FindablePoint } from "./point.ts";

export type PointFilter = (point: FindablePoint) => boolean;

/** The site whose points a filter judges. */
export interface FilterContext {
  readonly siteName: string;
  /** the tag of a name in filters; undefined: no point of the site has it */
  readonly tagOf: (filterName: string) => string | undefined;
}

/** Texts of a point's field or tag. Empty: the point lacks it. `true`: a marker tag. */
type Values = readonly (string | true)[];
const NONE: Values = [];

/**
 * A Haystack filter over markers, texts of tags, and {@link Field}s. If the value in the filter is a number or boolean,
 * the text is parsed as one before the comparison. `equip` has the ids and names of the equipment and of all that it is
 * part of: `==` holds for any of them, `!=` for none.
 * @throws {FilterError} of `filter-parse.ts`
 */
export function compileFilter(text: string, context: FilterContext): PointFilter {
  return compile(parseFilter(text), context);
}

function compile(node: FilterNode, context: FilterContext): PointFilter {
  switch (node.kind) {
    case "and": {
      const terms = node.terms.map((term) => compile(term, context));
      return (point) => terms.every((matches) => matches(point));
    }
    case "or": {
      const terms = node.terms.map((term) => compile(term, context));
      return (point) => terms.some((matches) => matches(point));
    }
    case "has":
    case "missing": {
      const [read, wanted] = [reader(node.name, context), node.kind === "has"];
      return (point) => read(point).length > 0 === wanted;
    }
    case "compare": {
      const read = reader(node.name, context);
      const matches = comparison(node.by, node.value);
      const isUnequal = node.by === "!=";
      return (point) => {
        const values = read(point);
        return isUnequal ? values.length > 0 && values.every(matches) : values.some(matches);
      };
    }
  }
}

function reader(name: string, { siteName, tagOf }: FilterContext): (point: FindablePoint) => Values {
  if (isField(name)) return (point) => fieldValues(name, point, siteName);
  const tag = tagOf(name);
  if (tag === undefined) return () => NONE;
  return ({ tags: { kv, markers } }) => {
    const text = Object.hasOwn(kv, tag) ? kv[tag] : undefined;
    return text !== undefined ? [text] : markers.includes(tag) ? [true] : NONE;
  };
}

function fieldValues(field: Field, point: FindablePoint, siteName: string): Values {
  switch (field) {
    case "name":
      return [point.name];
    case "label":
      return point.label === null ? NONE : [point.label];
    case "unit":
      return point.unit === null ? NONE : [point.unit];
    case "cadence":
      return point.intervalS === null ? NONE : [String(point.intervalS)];
    case "siteName":
      return [siteName];
    case "equip": {
      const values: string[] = [];
      for (let place = equipmentOf(point); place !== null; place = place.parent) values.push(place.id, place.name);
      return values;
    }
    case "quantity":
      return [quantityOf(point).quantity];
  }
}

const DECIMAL = /^\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/;

/** Converts a text to the type of the filter's value. undefined: it has another type. */
function valueAs(value: string | true, kind: FilterValue): FilterValue | undefined {
  if (value === true) return undefined;
  if (typeof kind === "number") return DECIMAL.test(value) ? Number(value) : undefined;
  if (typeof kind === "boolean") return value === "true" ? true : value === "false" ? false : undefined;
  return value;
}

function comparison(by: Comparison, wanted: FilterValue): (value: string | true) => boolean {
  const holds: Record<Comparison, (value: FilterValue) => boolean> = {
    "==": (value) => value === wanted,
    "!=": (value) => value !== wanted,
    "<": (value) => value < wanted,
    "<=": (value) => value <= wanted,
    ">": (value) => value > wanted,
    ">=": (value) => value >= wanted,
  };
  const test = holds[by];
  return (value) => {
    const same = valueAs(value, wanted);
    return same !== undefined && test(same);
  };
}
