export interface OperatorCommand<Options> {
  readonly usage: string;
  /** the command line's; null: help is asked for @throws Error that says what is wrong with it */
  readonly read: () => Options | null;
  /** @returns the exit code @throws Error whose message says all that an operator needs */
  readonly run: (options: Options) => Promise<number>;
  /** exit code where `run` throws */
  readonly failed: 1 | 2;
  /** a line to add to an error of `run` */
  readonly hint: (error: unknown) => string | null;
}

/** Runs a command in a shell: ends with 0 after help, with 2 where the command line is wrong. */
export async function runOperatorCommand<Options>(command: OperatorCommand<Options>): Promise<void> {
  // Nobody reads the pipe any more: what a shell says of a process that SIGPIPE has ended.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
  // An error's message says what is wrong; a stack would only hide it.
  const fail = (error: unknown, hint: string | null, code: number) => {
    console.error(error instanceof Error ? error.message : error);
    if (hint !== null) console.error(hint);
    process.exitCode = code;
  };
  let options: Options | null;
  try {
    options = command.read();
  } catch (error) {
    fail(error, "--help lists the options.", 2);
    return;
  }
  if (options === null) {
    console.log(command.usage);
    return;
  }
  try {
    process.exitCode = await command.run(options);
  } catch (error) {
    fail(error, command.hint(error), command.failed);
  }
}
