import type { View } from "./view.ts";

/** The views, in the order of the navigation; a bare address shows the first. */
export const VIEWS: readonly [View, ...View[]] = [
  { id: "explore", title: "Explore", load: async () => (await import("../explore/explore-view.tsx")).ExploreView },
  { id: "patterns", title: "Patterns", load: async () => (await import("../patterns/patterns-view.tsx")).PatternsView },
  { id: "health", title: "Health", load: async () => (await import("../health/health-view.tsx")).HealthView },
  { id: "backfill", title: "Backfill", load: async () => (await import("../backfill/backfill-view.tsx")).BackfillView },
];
