export interface OperatorCommand<Options> {
  readonly usage: string;
  /** the options of the command line; null: help was requested @throws Error that names the fault */
  readonly read: () => Options | null;
  /** @returns the exit code @throws Error with a message for the operator */
  readonly run: (options: Options) => Promise<number>;
  /** exit code if `run` throws */
  readonly failed: 1 | 2;
  /** a line added to an error of `run` */
  readonly hint: (error: unknown) => string | null;
}

/** Runs a shell command. Exit code: 0 after help, 2 for an invalid command line. */
export async function runOperatorCommand<Options>(command: OperatorCommand<Options>): Promise<void> {
  // The pipe's reader has closed it: ends with the exit code of a process ended by SIGPIPE.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
  // The message of an error names the fault, so the stack is left out.
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
