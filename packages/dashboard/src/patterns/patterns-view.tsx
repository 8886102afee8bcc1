import type { ViewProps } from "../shell/view.ts";

export function PatternsView({ site }: ViewProps) {
  return <h1>{site.name}</h1>;
}
