/** Windows remembered at most; the oldest is dropped first. */
const LIMIT = 1000;

/** Remembers the last two cursors that clients sent for each window, for faults that answer with an old one. */
export class CursorTrail {
  readonly #windows = new Map<string, { readonly last: string; readonly previous: string | undefined }>();

  /** Records a sent cursor. @returns the last different cursor that was sent for this window */
  note(window: string, cursor: string | undefined): string | undefined {
    const known = this.#windows.get(window);
    if (cursor === undefined || known?.last === cursor) {
      if (cursor === undefined) this.#windows.delete(window);
      return cursor === undefined ? undefined : known?.previous;
    }
    this.#windows.set(window, { last: cursor, previous: known?.last });
    if (this.#windows.size > LIMIT) this.#windows.delete(this.#windows.keys().next().value ?? window);
    return known?.last;
  }
}
