import type { ComponentType } from "preact";
import type { Site } from "../api/sites.ts";
import type { Navigation } from "../location/use-place.ts";

/** What every view is given. */
export interface ViewProps {
  readonly site: Site;
  /** the view's own part of the address: its whole state */
  readonly params: URLSearchParams;
  /** Changes it; the view is then drawn with the new one. */
  readonly setParams: (params: URLSearchParams, how: Navigation) => void;
}

/** An entry of the navigation. */
export interface View {
  /** `view` in the address */
  readonly id: string;
  readonly title: string;
  /** brings its code, which is a chunk of its own */
  readonly load: () => Promise<ComponentType<ViewProps>>;
}
