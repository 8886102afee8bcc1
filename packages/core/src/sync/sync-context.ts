import type { AceClient } from "../ace/client.ts";
import type { PageSize } from "../ace/page-size.ts";
import type { DeadLetterBuffer } from "./dead-letter-buffer.ts";
import type { WindowSettings } from "./window.ts";

/** Settings of a sync. */
export interface SyncSettings extends WindowSettings {
  readonly pageSize: PageSize;
}

/** What a sync depends on; time is injected. */
export interface SyncContext {
  readonly db: D1Database;
  /** of this run alone, because it counts its requests */
  readonly ace: AceClient;
  readonly settings: SyncSettings;
  /** epoch ms */
  readonly now: () => number;
  /** no request and no window starts after this, epoch ms */
  readonly deadline: number;
  /** false: the run's statements are spent, and no page starts */
  readonly hasStatements: () => boolean;
  /** receives examples of records that are not stored */
  readonly deadLetters: DeadLetterBuffer;
}
