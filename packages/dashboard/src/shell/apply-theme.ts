import { applyTheme, storedTheme } from "./theme.ts";

// Runs before the first paint, so that no page flashes in the other theme.
applyTheme(storedTheme());
