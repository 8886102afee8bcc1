import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildDashboard } from "./dashboard-build.ts";

// `wrangler deploy` runs this before it uploads the page.
const { folder, first } = await buildDashboard();
const sizes = await Promise.all(first.map(async (file) => gzipSync(await readFile(join(folder, file))).length));
console.log(`dashboard  ${(sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1)} KB gzipped at first`);
