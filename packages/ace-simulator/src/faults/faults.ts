import {
  isListFault,
  isPageFault,
  isResponseFault,
  type Fault,
  type FaultPlan,
  type ListFaultRule,
  type PageFaultRule,
  type ResponseFaultRule,
  type WeatherFaultRule,
} from "./fault-plan.ts";
import { hash32, unitHash } from "../building/noise.ts";
import type { Endpoint } from "../api/route.ts";

type TriggeredRule = ResponseFaultRule | PageFaultRule | ListFaultRule | WeatherFaultRule;

/** Decides which of a plan's faults fire, and keeps count. Its only state is how many requests each rule has seen. */
export class Faults {
  readonly plan: FaultPlan;
  readonly #seen = new Map<TriggeredRule, number>();
  readonly #fired = new Map<TriggeredRule, number>();

  constructor(plan: FaultPlan) {
    this.plan = plan;
  }

  /** The fault that hits this whole answer: the first of the plan that fires. */
  forResponse(endpoint: Endpoint): ResponseFaultRule | undefined {
    let first: ResponseFaultRule | undefined;
    for (const rule of this.plan.rules.filter(isResponseFault)) {
      // Every rule counts the request, also when an earlier one has fired.
      const isDue = (rule.endpoint === undefined || rule.endpoint === endpoint) && this.#due(rule);
      if (isDue) first ??= rule;
    }
    if (first) this.#count(first);
    return first;
  }

  /**
   * The faults that hit this page, in the plan's order.
   * @param applies whether a fault can hit this page at all; a page it cannot hit does not count for the rule
   */
  forPage(applies: (rule: PageFaultRule) => boolean): PageFaultRule[] {
    const firing = this.plan.rules.filter(isPageFault).filter((rule) => applies(rule) && this.#due(rule));
    for (const rule of firing) this.#count(rule);
    return firing;
  }

  /** The faults that hit this page of a list, in the plan's order. */
  forList(): ListFaultRule[] {
    const firing = this.plan.rules.filter(isListFault).filter((rule) => this.#due(rule));
    for (const rule of firing) this.#count(rule);
    return firing;
  }

  forWeather(): WeatherFaultRule | undefined {
    const firing = this.plan.rules.filter((rule) => rule.fault === "weather_form").find((rule) => this.#due(rule));
    if (firing) this.#count(firing);
    return firing;
  }

  /** A seed that differs for every firing of a rule. */
  seedOf(rule: PageFaultRule): number {
    return hash32(hash32(this.plan.seed, this.plan.rules.indexOf(rule)), this.#fired.get(rule) ?? 0);
  }

  /** How often each fault has fired. `late` and `missing_hours` are not counted: they hide, they do not fire. */
  fired(): Partial<Record<Fault, number>> {
    const counts: Partial<Record<Fault, number>> = {};
    for (const [rule, count] of this.#fired) counts[rule.fault] = (counts[rule.fault] ?? 0) + count;
    return counts;
  }

  #due(rule: TriggeredRule): boolean {
    const nth = (this.#seen.get(rule) ?? 0) + 1;
    this.#seen.set(rule, nth);
    if (rule.times !== undefined && (this.#fired.get(rule) ?? 0) >= rule.times) return false;
    if (rule.everyNth !== undefined) return nth % rule.everyNth === 0;
    const draw = unitHash(hash32(this.plan.seed, this.plan.rules.indexOf(rule)), nth);
    return rule.probability === undefined || draw < rule.probability;
  }

  #count(rule: TriggeredRule): void {
    this.#fired.set(rule, (this.#fired.get(rule) ?? 0) + 1);
  }
}
