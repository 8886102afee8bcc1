import { useEffect, useState } from "preact/hooks";
import { onBusy } from "../api/busy.ts";
import { Icon } from "../ui/icon.tsx";

/** Tells the user that requests wait for a busy server. */
export function BusyNotice() {
  const [isWaiting, setWaiting] = useState(false);
  useEffect(() => onBusy(setWaiting), []);
  return (
    <div role="status">
      {isWaiting && (
        <div class="notice view-notice">
          <Icon name="warning" />
          <p>The server is busy with other queries. This page tries again in a few seconds.</p>
        </div>
      )}
    </div>
  );
}
