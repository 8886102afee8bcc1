export default { fetch: () => new Response("etl") } satisfies ExportedHandler;
