import { instanceName, type InstanceTicket, isCurrent } from "../src/backfill/instance-store.ts";
import type { Instances, InstanceState, NewInstance } from "../src/backfill/supervise.ts";
import type { CrashPoint } from "./crash-point.ts";

/** An engine whose instances run only when the test runs them. */
export class MemoryInstances implements Instances {
  /** by name, in the order of their start */
  readonly states = new Map<string, InstanceState>();
  readonly told = new Map<string, NewInstance>();
  /** number of requests to start an instance */
  starts = 0;

  async find(ticket: InstanceTicket): Promise<InstanceState> {
    return this.states.get(instanceName(ticket)) ?? { is: "absent" };
  }

  async start(instance: NewInstance): Promise<void> {
    this.starts++;
    const name = instanceName(instance);
    if (this.states.has(name)) return;
    this.states.set(name, { is: "alive" });
    this.told.set(name, instance);
  }

  end(name: string, reason: string | null = null): void {
    this.states.set(name, { is: "ended", reason });
  }

  /** An engine whose calls may fail or wait. */
  behind(call: CrashPoint["call"]): Instances {
    return {
      find: (ticket) => call(() => this.find(ticket)),
      start: (instance) => call(() => this.start(instance)),
    };
  }

  /** The running instances, in the order of their start. */
  async atWork(db: D1Database): Promise<string[]> {
    const names: string[] = [];
    for (const [name, state] of this.states) {
      if (state.is === "alive" && (await isCurrent(db, this.told.get(name)!))) names.push(name);
    }
    return names;
  }
}
