import { useEffect, useState } from "preact/hooks";
import { onThemeChange } from "../chart/theme-colors.ts";

/** Changes whenever the colours do, so that what is on a canvas is drawn anew. */
export function useThemeRound(): number {
  const [round, setRound] = useState(0);
  useEffect(() => onThemeChange(() => setRound((last) => last + 1)), []);
  return round;
}

/** Whether what is shown is dark, by the page's choice or the system's. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}
