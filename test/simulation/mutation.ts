/** A fault planted into the real code, to see whether the simulation or a test finds it. */
export interface Mutation {
  readonly name: string;
  /** from the repository's root */
  readonly file: string;
  /** occurs exactly once in the file */
  readonly find: string;
  readonly replace: string;
  /** the failure that it causes */
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
  /** its title without those of `describe`; no other test of the file has it */
  readonly title: string;
}

/** @throws {Error} unless the text to be replaced occurs exactly once */
export function mutated({ name, find, replace }: Mutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${name}: its text is there ${parts.length - 1} times`);
  return parts.join(replace);
}

/** @throws {Error} for an unknown name */
export function mutationNamed(mutations: readonly Mutation[], name: string): Mutation {
  const mutation = mutations.find((one) => one.name === name);
  if (mutation === undefined) throw new Error(`no planted fault is named ${name}`);
  return mutation;
}
