import { AsyncLocalStorage } from "node:async_hooks";

// For tests with a `vi.mock` factory, by `vi.hoisted`, because vitest calls this after a factory, and in workerd it
// throws.
AsyncLocalStorage.prototype.disable = () => undefined;
