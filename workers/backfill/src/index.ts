export default { fetch: () => new Response("backfill") } satisfies ExportedHandler;
