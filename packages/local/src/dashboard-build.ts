import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";

const SOURCE = fileURLToPath(new URL("../../dashboard", import.meta.url));

/** The page's folder in wrangler.query.toml. */
const DIST = join(SOURCE, "dist");

const MAIN = "src/main.tsx";
const THEME = "src/shell/apply-theme.ts";
const STYLE = "src/styles/main.css";
/** The first view loads with the shell, not after it. */
const FIRST_VIEW = "src/explore/explore-view.tsx";
const JSX = { jsx: "automatic", jsxImportSource: "preact" } as const;

/** Allows the page's own files and its own origin only. */
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

/**
 * Files in assets/ have a hash of their content in their names, so they never change. The page is revalidated each
 * time.
 */
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
  /** files that load before the first view, relative to the folder */
  readonly first: readonly string[];
}

/**
 * Builds the page into static assets. It takes 0.1 s, so every start does it.
 * @throws Error if the source does not build
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
    // No module, because it must run before the first paint.
    build({ ...shared, entryPoints: [THEME], format: "iife" }),
  ]);
  const outputs = { ...modules.metafile.outputs, ...plain.metafile.outputs };
  const builtOf = (entry: string): string => {
    const found = Object.entries(outputs).find(([, output]) => output.entryPoint === entry);
    if (found === undefined) throw new Error(`esbuild built nothing for ${entry}`);
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
  // Last, because it names the other files.
  await writeChanged(join(DIST, "index.html"), page);
  for (const name of await readdir(join(DIST, "assets"))) {
    if (!files.has(join("assets", name))) await rm(join(DIST, "assets", name), { force: true });
  }
  return { folder: DIST, first: ["index.html", style, theme, ...scripts] };
}

/** A built script and its static imports. */
function withImports(outputs: Metafile["outputs"], file: string): string[] {
  const wanted = new Set([file]);
  for (const script of wanted) {
    for (const { path, kind } of outputs[join("dist", script)]?.imports ?? []) {
      if (kind === "import-statement") wanted.add(relative("dist", path));
    }
  }
  return [...wanted];
}

/** Replaces the file as a whole, and only if its content changed: another process may read it or build the same. */
async function writeChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => null)) === text) return;
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}
