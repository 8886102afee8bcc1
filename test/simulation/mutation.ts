/** A fault that is planted into the real code, to see whether the simulation or a test finds it. */
export interface Mutation {
  readonly name: string;
  /** from the repository's root */
  readonly file: string;
  /** must be there exactly once */
  readonly find: string;
  readonly replace: string;
  /** what would go wrong */
  readonly why: string;
  /** the test that finds it; absent: seeds do */
  readonly foundBy?: FindingTest;
}

/** A test that fails while the fault is planted. */
export interface FindingTest {
  /** of vitest.config.ts */
  readonly project: string;
  /** from the repository's root */
  readonly file: string;
  /** its title, or so much of the title's end that one test of the file has it */
  readonly title: string;
}

/** @throws {Error} where the text to be replaced is not there exactly once */
export function mutated({ name, find, replace }: Mutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${name}: its text is there ${parts.length - 1} times`);
  return parts.join(replace);
}

/** @throws {Error} for a name that no planted fault has */
export function mutationNamed(mutations: readonly Mutation[], name: string): Mutation {
  const mutation = mutations.find((one) => one.name === name);
  if (mutation === undefined) throw new Error(`there is no planted fault ${name}`);
  return mutation;
}
