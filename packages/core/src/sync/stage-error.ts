import { AceError } from "../ace/ace-error.ts";
import { EmptyCatalogError } from "../catalog/replace-catalog.ts";
import type { SyncError, SyncStage } from "./sync-result.ts";

/** An error with the stage of the sync in which it occurred. */
export class StageError extends Error {
  override readonly name = "StageError";
  readonly stage: SyncStage;

  constructor(stage: SyncStage, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.stage = stage;
  }

  toSyncError(): SyncError {
    return { stage: this.stage, code: codeOf(this.cause), message: this.message };
  }
}

function codeOf(cause: unknown): string {
  if (cause instanceof AceError) return cause.kind;
  return cause instanceof EmptyCatalogError ? "empty_catalog" : "database";
}

/** @throws {StageError} with the error of the step */
export async function inStage<T>(stage: SyncStage, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof StageError ? error : new StageError(stage, error);
  }
}
