/** There is no object of this key. */
export class DayFileMissing extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`${key}: there is no such file`);
    this.name = "DayFileMissing";
    this.key = key;
  }
}

/** The object is another one than the locators or the footer were made for: plan again from the manifest. */
export class DayFileChanged extends Error {
  readonly key: string;
  /** the etag that was asked for */
  readonly expected: string;
  /** the etag that is there */
  readonly found: string;

  constructor(key: string, expected: string, found: string) {
    super(`${key}: has the etag ${found}, not ${expected}`);
    this.name = "DayFileChanged";
    this.key = key;
    this.expected = expected;
    this.found = found;
  }
}

/** The bytes are not what the writer made, or not of a version that this code reads. Nothing of them was used. */
export class DayFileCorrupt extends Error {
  readonly key: string;
  /** byte of the file at which the part begins that is wrong */
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
 * Whether an error proves that the object is not what the manifest says: gone, another one, or damaged. Any other error
 * proves nothing: R2 may not answer, and bytes of the right checksum that cannot be decoded carry a cause.
 */
export function isProofAgainst(error: unknown): boolean {
  if (error instanceof DayFileCorrupt) return error.cause === undefined;
  return error instanceof DayFileMissing || error instanceof DayFileChanged;
}
