import { runUntilStopped } from "./command.ts";
import { WORKER_NAMES } from "./worker-names.ts";

// `npm run dev`: the three Workers only; the crons run at their times.
await runUntilStopped(async ({ workers, simulatorUrl }, _settings, say) => {
  say("ready");
  say(`dashboard  ${workers.urls.query}/`);
  for (const name of WORKER_NAMES.toReversed()) say(`${name.padEnd(10)} ${workers.urls[name]}`);
  if (simulatorUrl !== null) say(`${"simulator".padEnd(10)} ${simulatorUrl}/api`);
});
