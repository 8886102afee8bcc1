/** Sends a POST with the admin token. @throws Error unless the answer is 2xx */
export async function adminPost({ adminToken }: { adminToken: string }, url: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}
