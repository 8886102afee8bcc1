import { THEME_CHANGED } from "../shell/theme.ts";

let probe: HTMLElement | null = null;
const resolved = new Map<string, string>();

/** What a colour of styles/tokens.css is in the theme that is shown, for a canvas. @param token such as `--series-1` */
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

/** Calls back when colours have changed, by the page's own choice or the system's. @returns how to stop that */
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
