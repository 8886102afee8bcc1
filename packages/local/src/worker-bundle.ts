import { build } from "esbuild";

/** A Worker as one module for workerd, bundled with the conditions that wrangler uses. @param main its main module */
export async function bundleWorker(main: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [main],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    // Smaller, because a start hands the whole text to workerd. Names stay, for the stacks of errors.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild has built nothing");
  return file.text;
}
