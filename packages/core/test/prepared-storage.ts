import { copyBucket } from "./bucket-copy.ts";
import { copyDatabase } from "./database-copy.ts";

/**
 * Brings storage into a state that is costly to make. The first call makes it; later calls copy back what it made.
 * @param make from whatever rows and objects there are @param databases all that it writes to
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
