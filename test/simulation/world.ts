import { createHash, type Hash } from "node:crypto";
import { Random } from "../fuzz/random.ts";
import { Fates, type Fate, type Service } from "./fates.ts";

/** The platform's macrotask turn. The simulated code gets a world's timers (globals.ts). */
const turn = setImmediate;

/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** An isolate: one run of a cron, one life of a Workflow instance, one request. A dead process does nothing more. */
export interface Process {
  readonly name: string;
  /** world time of its start, epoch ms */
  readonly startedAt: number;
  alive: boolean;
  /** its calls meet no fault */
  readonly sheltered: boolean;
  /** extra delay of its next call, in milliseconds */
  stallMs: number;
  /** statements sent to D1; an invocation may send 1,000 */
  statements: number;
  readonly onDeath: (() => void)[];
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * A world that a seed decides. Every call that leaves a process takes a time drawn from the seed. So the seed decides
 * the order of the processes and the fate of each call. Time passes only here.
 */
export class World {
  readonly random: Random;
  readonly fates: Fates;
  /** the upstream's clock, epoch ms */
  now: number;
  /** lead of our clock over the upstream's, in milliseconds */
  skew = 0;
  /** whether faults have stopped */
  isHealing = false;
  readonly processes = new Set<Process>();
  /** each traced line; null: not kept */
  readonly lines: string[] | null;
  /** calls that left a process */
  calls = 0;
  #violation: Violation | null = null;
  readonly #hash: Hash = createHash("sha256");
  #timers: Timer[] = [];
  #order = 0;
  #checks: (() => Promise<void>)[] = [];

  constructor(seed: number, now: number, keepLines: boolean) {
    this.random = new Random(seed);
    this.fates = new Fates(this.random);
    this.now = now;
    this.lines = keepLines ? [] : null;
  }

  /** Epoch ms by our clock. */
  get clock(): number {
    return this.now + this.skew;
  }

  trace(line: string): void {
    const text = `${this.now} ${line}`;
    this.#hash.update(text).update("\n");
    this.lines?.push(text);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Ends the run before its next event. */
  violate(message: string): void {
    this.trace(`VIOLATION ${message}`);
    this.#violation ??= new Violation(message);
  }

  /** Checks the world before the next event. */
  check(check: () => Promise<void>): void {
    this.#checks.push(check);
  }

  /** @returns cancels the timer */
  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.now + Math.max(0, Math.ceil(ms)), order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Starts a process for a job. Its failure is traced. */
  spawn(name: string, job: (process: Process) => Promise<unknown>, sheltered = this.isHealing): Process {
    const process: Process = {
      name,
      startedAt: this.now,
      alive: true,
      sheltered,
      stallMs: 0,
      statements: 0,
      onDeath: [],
    };
    this.processes.add(process);
    this.trace(`${name} begins`);
    job(process).then(
      () => this.#end(process, "ends"),
      (error: unknown) => this.#end(process, `fails: ${messageOf(error)}`),
    );
    return process;
  }

  #end(process: Process, how: string): void {
    if (!process.alive) return;
    this.trace(`${process.name} ${how}`);
    process.alive = false;
    this.processes.delete(process);
  }

  kill(process: Process): void {
    if (!process.alive) return;
    this.trace(`${process.name} dies`);
    process.alive = false;
    this.processes.delete(process);
    for (const told of process.onDeath) told();
  }

  /** A call that leaves the process. @param execute the remote work, done at one moment */
  io<T>(process: Process, service: Service, what: string, execute: () => T): Promise<T> {
    const fate: Fate = process.sheltered ? "done" : this.fates.of(service);
    const wait = process.stallMs + this.fates.latency(service, process.sheltered);
    process.stallMs = 0;
    return new Promise((resolve, reject) => {
      this.after(wait, () => {
        if (!process.alive) return;
        this.calls++;
        this.trace(`${process.name} ${service} ${what}${fate === "done" ? "" : ` (${fate})`}`);
        this.#settle(process, service, fate, execute, resolve, reject);
      });
    });
  }

  #settle<T>(
    process: Process,
    service: Service,
    fate: Fate,
    execute: () => T,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    if (fate === "dies before") return this.kill(process);
    if (fate === "refused") return reject(this.fates.errorOf(service));
    let value: T;
    try {
      value = execute();
    } catch (error) {
      return reject(error);
    }
    if (fate === "dies after") return this.kill(process);
    const answer = () => {
      if (fate === "answer lost") reject(this.fates.errorOf(service));
      else resolve(value);
    };
    // The answer takes time too: other processes may see the result before the caller does.
    if (process.sheltered || this.random.chance(0.7)) answer();
    else this.after(this.fates.latency(service, false), answer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets time pass until an epoch ms is reached, or a condition holds. @throws {Violation} */
  async run(until: number, isDone: () => boolean = () => false): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => turn(resolve));
      for (const check of this.#checks.splice(0)) await check();
      if (this.#violation !== null) throw this.#violation;
      if (isDone()) return;
      const next = this.#next();
      if (next === null || next.at > until) {
        this.now = Math.max(this.now, until);
        return;
      }
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.fire();
    }
  }

  #next(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      if (first === null || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
