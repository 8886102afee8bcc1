import type { ViewProps } from "../shell/view.ts";

export function ExploreView({ site }: ViewProps) {
  return <h1>{site.name}</h1>;
}
