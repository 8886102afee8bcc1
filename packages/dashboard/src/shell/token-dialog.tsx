import { useEffect, useRef, useState } from "preact/hooks";
import { onTokenRequest, type TokenRequest } from "../api/tokens.ts";

const TEXTS = {
  read: { title: "This deployment asks for a token", setting: "QUERY_TOKEN" },
  admin: { title: "This needs the administrator's token", setting: "ADMIN_TOKEN" },
} as const;

/** Asks for a token when the API requires one. */
export function TokenDialog() {
  const [request, setRequest] = useState<TokenRequest | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => onTokenRequest(setRequest), []);
  useEffect(() => {
    if (request !== null) dialog.current?.showModal();
    else if (dialog.current?.open === true) dialog.current.close();
  }, [request]);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token !== "") request?.answer(token);
  };
  const text = TEXTS[request?.kind ?? "read"];
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="token-title" onCancel={() => request?.answer(null)}>
      {request !== null && (
        <form onSubmit={submit} class="stack">
          <h2 id="token-title">{text.title}</h2>
          <p class="quiet">
            Enter the value of its setting <code>{text.setting}</code>. The page forgets it when it is closed or
            reloaded.
          </p>
          <label class="field">
            <span>Token</span>
            <input ref={input} class="input" type="password" autocomplete="off" spellcheck={false} required autofocus />
          </label>
          {request.isRefused && (
            <p class="field-error" role="alert">
              That token was not accepted.
            </p>
          )}
          <div class="row end">
            <button type="button" class="button" onClick={() => request.answer(null)}>
              Cancel
            </button>
            <button type="submit" class="button primary">
              Continue
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
