import type { ApiError } from "../api/api-error.ts";
import { Icon } from "./icon.tsx";

/** Why the server said no, without the name of the field that the words stand beside. */
export function formatRefusal({ message, field, code }: ApiError): string {
  if (code === "unauthorized") return "The administrator's token is needed for this. Try again, and give it.";
  return field !== null && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

/** Why something was not done, beside the button that was to do it. */
export function Refusal({ what, error }: { readonly what: string; readonly error: ApiError }) {
  return (
    <p class="refusal" role="alert">
      <Icon name="warning" />
      <span>
        <strong>{what}</strong> {formatRefusal(error)}
      </span>
    </p>
  );
}
