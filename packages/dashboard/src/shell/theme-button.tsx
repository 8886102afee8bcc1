import { useState } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import { storedTheme, storeTheme, THEMES } from "./theme.ts";

const ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

/** Cycles through auto, light and dark. */
export function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  const change = () => {
    storeTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Theme: ${theme}. Change to ${next}.`}
      title={`Theme: ${theme}`}
      onClick={change}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
