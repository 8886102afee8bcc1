import type { ApiError } from "../api/api-error.ts";
import { Icon } from "./icon.tsx";

/** The server's reason, without the name of the field beside it. */
export function formatRefusal({ message, field, code }: ApiError): string {
  if (code === "unauthorized") return "This needs the administrator's token. Try again with it.";
  return field !== null && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

/** An action's error, beside its button. */
export function Refusal({ lead, error }: { readonly lead: string; readonly error: ApiError }) {
  return (
    <p class="refusal" role="alert">
      <Icon name="warning" />
      <span>
        <strong>{lead}</strong> {formatRefusal(error)}
      </span>
    </p>
  );
}
