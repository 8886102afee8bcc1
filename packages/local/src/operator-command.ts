export interface OperatorCommand<Options> {
  readonly usage: string;
  /** the command line's; null: help is asked for @throws Error that says what is wrong with it */
  readonly read: () => Options | null;
  /** @returns the exit code @throws Error whose message says all that an operator needs */
  readonly run: (options: Options) => Promise<number>;
  /** exit code where `run` throws */
  readonly failed: 1 | 2;
  /** what else to say of an error */
  readonly hint: (error: unknown) => string | null;
}

/** Runs a command in a shell: ends with 0 after help, with 2 where the command line is wrong. */
export async function runOperatorCommand<Options>(command: OperatorCommand<Options>): Promise<void> {
  // Nobody reads the pipe any more: what a shell says of a process that SIGPIPE has ended.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
  let failed: number = 2;
  try {
    const options = command.read();
    failed = command.failed;
    if (options === null) console.log(command.usage);
    else process.exitCode = await command.run(options);
  } catch (error) {
    // the options, the settings, the Workers and wrangler all say what is wrong; a stack would only hide it
    console.error(error instanceof Error ? error.message : error);
    const hint = command.hint(error);
    if (hint !== null) console.error(hint);
    process.exitCode = failed;
  }
}
