import { copyBucket } from "./bucket-copy.ts";
import { copyDatabase } from "./database-copy.ts";

/**
 * Restores a state of storage that is costly to create. The first call creates it; later calls copy it back.
 * @param make creates it, with any rows and objects present before
 * @param databases all databases that it writes
 */
export function preparedStorage(
  make: () => Promise<unknown>,
  bucket: R2Bucket,
  databases: readonly D1Database[],
): () => Promise<void> {
  let putBack: readonly (() => Promise<void>)[] | undefined;
  return async () => {
    if (putBack === undefined) {
      await make();
      putBack = await Promise.all([...databases.map(copyDatabase), copyBucket(bucket)]);
    } else await Promise.all(putBack.map((put) => put()));
  };
}
