import { FORMAT_VERSION } from "@building-vitals/core/parquet/file-schema";
import { SCHEMA_VERSION } from "@building-vitals/core/d1/schema-version";
import {
  buildCatalog,
  buildFileDay,
  buildOpenDay,
  buildOpenHour,
  buildPackedMonth,
  buildRowsDay,
  type YearEnv,
} from "./build.ts";
import { answerOf, costOf, streamAnswer, timeRuns } from "./measure.ts";
import { buildMonth, timeMonths } from "./months.ts";

/** Raise it with any change of what is built. */
const GENERATOR = 3;

/** One step of the building, or one measurement, a request. */
export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const number = (name: string) => Number(url.searchParams.get(name));
    const text = (name: string) => url.searchParams.get(name) ?? "";
    switch (url.pathname) {
      case "/version":
        return Response.json({
          version: `${GENERATOR}/${FORMAT_VERSION}/${SCHEMA_VERSION}/${JSON.stringify(env.YEAR)}`,
        });
      case "/build/catalog":
        await buildCatalog(env);
        return Response.json({});
      case "/build/file":
        await buildFileDay(env, number("day"), false);
        return Response.json({});
      case "/build/kept":
        await buildFileDay(env, number("day"), true);
        return Response.json({});
      case "/build/rows":
        await buildRowsDay(env, number("day"), number("like"));
        return Response.json({});
      case "/build/packed":
        await buildPackedMonth(env, number("month"));
        return Response.json({});
      case "/build/open":
        await buildOpenDay(env, number("day"));
        return Response.json({});
      case "/build/open-hour":
        await buildOpenHour(env);
        return Response.json({});
      case "/build/month":
        await buildMonth(env, number("month"));
        return Response.json({});
      case "/months/read": {
        const read = {
          ids: text("ids").split(",").map(Number),
          range: { start: number("start"), end: number("end") },
          isBucketed: text("bucketed") === "true",
          withMonths: text("months") === "true",
        };
        return Response.json(await timeMonths(env, read, number("runs")));
      }
      case "/answer":
        return streamAnswer(text("path"), env, context);
      case "/cost":
        return Response.json(await costOf(url.searchParams.getAll("path"), env, context));
      case "/time":
        return Response.json(
          await timeRuns(number("runs"), async () => {
            for (const path of url.searchParams.getAll("path")) await answerOf(path, env, context);
          }),
        );
      case "/time/rows":
        return Response.json(
          await timeRuns(number("runs"), async () => {
            await env.ROWS.prepare(text("sql")).raw();
          }),
        );
      case "/time/nothing":
        return Response.json(await timeRuns(number("runs"), async () => {}));
      default:
        return new Response(null, { status: 404 });
    }
  },
} satisfies ExportedHandler<YearEnv>;
