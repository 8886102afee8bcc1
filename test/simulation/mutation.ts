/** A fault that is planted into the real code, to see whether the simulation finds it. */
export interface Mutation {
  readonly name: string;
  /** from the repository's root */
  readonly file: string;
  /** must be there exactly once */
  readonly find: string;
  readonly replace: string;
  /** what would go wrong */
  readonly why: string;
}
