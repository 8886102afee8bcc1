/**
 * A client's request to a Worker.
 * @param options.body sent as JSON; a string is sent unchanged
 */
export function clientRequest(
  method: string,
  url: string,
  options: { readonly token?: string | undefined; readonly body?: unknown } = {},
): Request<unknown, IncomingRequestCfProperties> {
  const { token, body } = options;
  return new Request<unknown, IncomingRequestCfProperties>(url, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
}
