const decoder = new TextDecoder();

/** An input of several parts: a line of JSON that describes them, and bytes. */
export function seal(head: object, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]);
}

export function open(input: Uint8Array): { head: unknown; bytes: Uint8Array<ArrayBuffer> } {
  const end = input.indexOf(0x0a);
  const head: unknown = JSON.parse(decoder.decode(input.subarray(0, end)));
  return { head, bytes: Uint8Array.from(input.subarray(end + 1)) };
}
