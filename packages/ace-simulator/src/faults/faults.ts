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

/** Decides which faults of a plan fire, and counts them. Its only state is each rule's number of requests. */
export class Faults {
  readonly plan: FaultPlan;
  readonly #seen = new Map<TriggeredRule, number>();
  readonly #fired = new Map<TriggeredRule, number>();

  constructor(plan: FaultPlan) {
    this.plan = plan;
  }

  /** The fault of the whole answer: the first one that fires. */
  forResponse(endpoint: Endpoint): ResponseFaultRule | undefined {
    let first: ResponseFaultRule | undefined;
    for (const rule of this.plan.rules.filter(isResponseFault)) {
      // Every rule counts the request, even if an earlier one has fired.
      const isDue = (rule.endpoint === undefined || rule.endpoint === endpoint) && this.#due(rule);
      if (isDue) first ??= rule;
    }
    if (first) this.#count(first);
    return first;
  }

  /**
   * The faults of this page, in the plan's order.
   * @param applies whether a fault can hit this page; a rule does not count a page that it cannot hit
   */
  forPage(applies: (rule: PageFaultRule) => boolean): PageFaultRule[] {
    const firing = this.plan.rules.filter(isPageFault).filter((rule) => applies(rule) && this.#due(rule));
    for (const rule of firing) this.#count(rule);
    return firing;
  }

  /** The faults of this list page, in the plan's order. */
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

  /** A different seed for every firing of a rule. */
  seedOf(rule: PageFaultRule): number {
    return hash32(hash32(this.plan.seed, this.plan.rules.indexOf(rule)), this.#fired.get(rule) ?? 0);
  }

  /** The firings of each fault. `late` and `missing_hours` hide samples, so they are not counted. */
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
