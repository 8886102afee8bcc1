import { useEffect, useState } from "preact/hooks";
import { onThemeChange } from "../chart/theme-colors.ts";

/** Changes whenever the colours change, so that a canvas is drawn again. */
export function useThemeRound(): number {
  const [round, setRound] = useState(0);
  useEffect(() => onThemeChange(() => setRound((last) => last + 1)), []);
  return round;
}

/** Whether the page is dark, by its own setting or the system's. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}
