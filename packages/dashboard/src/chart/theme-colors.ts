import { THEME_CHANGED } from "../shell/theme.ts";

let probe: HTMLElement | null = null;
const resolved = new Map<string, string>();

/** The value of a colour of styles/tokens.css in the current theme, for a canvas. @param token such as `--series-1` */
export function themeColor(token: string): string {
  let color = resolved.get(token);
  if (color === undefined) {
    if (probe === null) {
      probe = document.createElement("span");
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = `var(${token})`;
    color = getComputedStyle(probe).color;
    resolved.set(token, color);
  }
  return color;
}

/** Calls back when colours change, by the page's setting or the system's. @returns a function that stops it */
export function onThemeChange(callback: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const changed = () => {
    resolved.clear();
    callback();
  };
  window.addEventListener(THEME_CHANGED, changed);
  system.addEventListener("change", changed);
  return () => {
    window.removeEventListener(THEME_CHANGED, changed);
    system.removeEventListener("change", changed);
  };
}
