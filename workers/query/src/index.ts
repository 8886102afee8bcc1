export default { fetch: () => new Response("query") } satisfies ExportedHandler;
