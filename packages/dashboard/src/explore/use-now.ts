import { useLayoutEffect, useState } from "preact/hooks";

const REFRESH_MS = 60_000;

/**
 * The time, epoch ms; advances each minute if the range is live and the page is visible, and at once when it becomes
 * visible.
 */
export function useNow(isMoving: boolean): number {
  const [now, setNow] = useState(Date.now);
  // With the render, not after the paint: a user who stops it expects no further update.
  useLayoutEffect(() => {
    if (!isMoving) return;
    const move = () => {
      if (document.visibilityState === "visible")
        setNow((last) => (Date.now() - last >= REFRESH_MS ? Date.now() : last));
    };
    const timer = setInterval(move, REFRESH_MS / 4);
    document.addEventListener("visibilitychange", move);
    move();
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", move);
    };
  }, [isMoving]);
  return now;
}
