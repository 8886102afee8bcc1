interface Listed {
  readonly key: string;
  /** identifies the copied version of the object */
  readonly identity: string;
}

/**
 * Copies all objects of a bucket of at most 1,000 objects.
 * @returns restores the bucket to the copy; it writes only objects that changed
 */
export async function copyBucket(bucket: R2Bucket): Promise<() => Promise<void>> {
  const copied = await Promise.all(
    (await listed(bucket)).map(async ({ key, identity }) => {
      const object = await bucket.get(key);
      if (object === null) throw new Error(`${key} was deleted while the bucket was copied`);
      return { key, identity, bytes: await object.arrayBuffer(), customMetadata: object.customMetadata ?? {} };
    }),
  );
  return async () => {
    const there = new Map((await listed(bucket)).map(({ key, identity }) => [key, identity]));
    const known = new Set(copied.map(({ key }) => key));
    const others = [...there.keys()].filter((key) => !known.has(key));
    if (others.length > 0) await bucket.delete(others);
    const missing = copied.filter(({ key, identity }) => there.get(key) !== identity);
    await Promise.all(missing.map(({ key, bytes, customMetadata }) => bucket.put(key, bytes, { customMetadata })));
  };
}

async function listed(bucket: R2Bucket): Promise<Listed[]> {
  const { objects, truncated } = await bucket.list({ include: ["customMetadata"] });
  if (truncated) throw new Error("the bucket has more than 1,000 objects");
  return objects.map(({ key, etag, customMetadata }) => ({ key, identity: JSON.stringify([etag, customMetadata]) }));
}
