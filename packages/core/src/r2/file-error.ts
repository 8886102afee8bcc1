/** R2 has no object of this key. */
export class DayFileMissing extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`${key}: there is no such file`);
    this.name = "DayFileMissing";
    this.key = key;
  }
}

/** The object is not the one that the locators or the footer belong to. Read the manifest and plan again. */
export class DayFileChanged extends Error {
  readonly key: string;
  /** the expected ETag */
  readonly expected: string;
  /** the ETag in R2 */
  readonly found: string;

  constructor(key: string, expected: string, found: string) {
    super(`${key}: has the ETag ${found}, expected ${expected}`);
    this.name = "DayFileChanged";
    this.key = key;
    this.expected = expected;
    this.found = found;
  }
}

/**
 * The bytes differ from those written, or have a format version that this code does not read. No sample of them was
 * returned.
 */
export class DayFileCorrupt extends Error {
  readonly key: string;
  /** byte of the file at which the damaged part begins */
  readonly offset: number;
  readonly reason: string;

  constructor(key: string, offset: number, reason: string, options?: ErrorOptions) {
    super(`${key}: at byte ${offset}: ${reason}`, options);
    this.name = "DayFileCorrupt";
    this.key = key;
    this.offset = offset;
    this.reason = reason;
  }
}

/**
 * Whether an error proves that the object differs from its manifest entry: missing, replaced or damaged. Other errors
 * prove nothing: R2 may be unavailable. An error with a cause comes from decoding bytes whose checksum matches.
 */
export function provesFileFault(error: unknown): boolean {
  if (error instanceof DayFileCorrupt) return error.cause === undefined;
  return error instanceof DayFileMissing || error instanceof DayFileChanged;
}
