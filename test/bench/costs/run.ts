import { readCostsOptions, USAGE } from "@building-vitals/local/costs/costs-options";
import { readMeasured } from "@building-vitals/local/costs/measured";
import { costReport, explainLines, reportLines } from "@building-vitals/local/costs/report";
import { writeMeasured } from "./write-measured.ts";

async function main(): Promise<void> {
  const { help, measure, full, json, explain, deployment } = readCostsOptions(process.argv.slice(2));
  if (help) return void console.log(USAGE);
  if (measure) await writeMeasured(full, (line) => console.error(line));
  const report = costReport(deployment, await readMeasured());
  if (json) return void console.log(JSON.stringify(report, null, 2));
  reportLines(report).forEach((line) => console.log(line));
  if (explain) ["", ...explainLines(report)].forEach((line) => console.log(line));
}

// `npm run costs`: what a month costs, by what was counted.
try {
  await main();
} catch (error) {
  // parseArgs and the options say what is wrong; a stack would only hide it
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
