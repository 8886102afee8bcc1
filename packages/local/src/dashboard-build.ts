import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const SOURCE = fileURLToPath(new URL("../../dashboard", import.meta.url));

/** Where wrangler.query.toml looks for the page. */
const DIST = join(SOURCE, "dist");

const MAIN = "src/main.tsx";
const THEME = "src/shell/apply-theme.ts";
const STYLE = "src/styles/main.css";
/** The view that is shown first is fetched along with the shell and not after it. */
const FIRST_VIEW = "src/explore/explore-view.tsx";
const JSX = { jsx: "automatic", jsxImportSource: "preact" } as const;

/** Nothing but what the page brings itself, and answers of its own origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Names of files hold a hash of what is in them, so they never change; the page itself is asked for each time. */
const HEADERS = `/*
  Content-Security-Policy: ${CONTENT_SECURITY_POLICY}
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cache-Control: no-cache
/assets/*
  ! Cache-Control
  Cache-Control: public, max-age=31536000, immutable
`;

interface DashboardBuild {
  /** the folder of static assets */
  readonly folder: string;
  /** files that the page loads before it shows its first view, from the folder */
  readonly first: readonly string[];
}

/**
 * Builds the dashboard's page into static assets. Takes a tenth of a second, so that every start does it.
 * @throws Error when its source does not build
 */
export async function buildDashboard(): Promise<DashboardBuild> {
  const shared = {
    absWorkingDir: SOURCE,
    outdir: DIST,
    outbase: "src",
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    target: "es2022",
    logLevel: "silent",
  } as const;
  const [modules, plain] = await Promise.all([
    build({ ...shared, entryPoints: [MAIN, STYLE], splitting: true, format: "esm", ...JSX }),
    // Not a module, because it must run before the first paint.
    build({ ...shared, entryPoints: [THEME], format: "iife" }),
  ]);
  const outputs = { ...modules.metafile.outputs, ...plain.metafile.outputs };
  const builtOf = (entry: string): string => {
    const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entry);
    if (found === undefined) throw new Error(`nothing was built of ${entry}`);
    return relative("dist", found[0]);
  };
  const [main, theme, style] = [builtOf(MAIN), builtOf(THEME), builtOf(STYLE)];
  const scripts = [...new Set([...withImports(outputs, main), ...withImports(outputs, builtOf(FIRST_VIEW))])];
  const page = (await readFile(join(SOURCE, "index.html"), "utf8"))
    .replace("STYLE", `/${style}`)
    .replace("THEME", `/${theme}`)
    .replace("PRELOADS", scripts.map((file) => `<link rel="modulepreload" href="/${file}" />`).join("\n    "))
    .replace("MAIN", `/${main}`);

  await mkdir(join(DIST, "assets"), { recursive: true });
  const files = new Map(
    [...modules.outputFiles, ...plain.outputFiles].map(({ path, text }) => [join("assets", basename(path)), text]),
  );
  files.set("_headers", HEADERS);
  for (const [name, text] of files) await writeChanged(join(DIST, name), text);
  // Last, because it names the others.
  await writeChanged(join(DIST, "index.html"), page);
  for (const name of await readdir(join(DIST, "assets"))) {
    if (!files.has(join("assets", name))) await rm(join(DIST, "assets", name), { force: true });
  }
  return { folder: DIST, first: ["index.html", style, theme, ...scripts] };
}

/** A built script and all that it cannot run without. */
function withImports(outputs: Metafile["outputs"], file: string): string[] {
  const wanted = new Set([file]);
  for (const script of wanted) {
    for (const { path, kind } of outputs[join("dist", script)]?.imports ?? []) {
      if (kind === "import-statement") wanted.add(relative("dist", path));
    }
  }
  return [...wanted];
}

/** Whole or not at all, and not where nothing changed: somebody else may be reading, or building the same. */
async function writeChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => null)) === text) return;
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}
