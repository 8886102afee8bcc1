import { useEffect, useState } from "preact/hooks";

const STEP_MS = 5000;

/** The time of this page's clock, epoch ms; updates every five seconds while the page is visible. */
export function useClock(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const move = () => {
      if (document.visibilityState === "visible") setNow(Date.now());
    };
    const timer = setInterval(move, STEP_MS);
    document.addEventListener("visibilitychange", move);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", move);
    };
  }, []);
  return now;
}
