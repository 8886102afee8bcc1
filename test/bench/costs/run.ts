import { readCostsOptions, USAGE } from "@building-vitals/local/costs/costs-options";
import { readMeasured } from "@building-vitals/local/costs/measured";
import { costReport, explainLines, reportLines } from "@building-vitals/local/costs/report";
import { writeMeasured } from "./write-measured.ts";

async function main(): Promise<void> {
  const { help, measure, json, explain, deployment } = readCostsOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  if (measure) await writeMeasured((line) => console.error(line));
  const report = costReport(deployment, await readMeasured());
  const lines = json
    ? [JSON.stringify(report, null, 2)]
    : [...reportLines(report), ...(explain ? ["", ...explainLines(report)] : [])];
  for (const line of lines) console.log(line);
}

// `npm run costs`: what a month costs, by what was counted.
try {
  await main();
} catch (error) {
  // parseArgs and the options say what is wrong; a stack would only hide it
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
