import type { View } from "./view.ts";

/** The views, in the order of the navigation; the first is where a bare address leads. */
export const VIEWS: readonly [View, ...View[]] = [
  { id: "explore", title: "Explore", load: async () => (await import("../explore/explore-view.tsx")).ExploreView },
];
