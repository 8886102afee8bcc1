import { applyTheme, storedTheme } from "./theme.ts";

// Runs before anything is drawn, so that no page flashes in the other theme.
applyTheme(storedTheme());
