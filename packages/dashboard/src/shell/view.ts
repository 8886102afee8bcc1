import type { ComponentType } from "preact";
import type { Site } from "../api/sites.ts";
import type { Navigation } from "../location/use-place.ts";

/** The properties of every view. */
export interface ViewProps {
  readonly site: Site;
  /** the view's own part of the address: its whole state */
  readonly params: URLSearchParams;
  /** Changes the view's part of the address, which renders the view again. */
  readonly setParams: (params: URLSearchParams, how: Navigation) => void;
}

/** An entry of the navigation. */
export interface View {
  /** `view` in the address */
  readonly id: string;
  readonly title: string;
  /** loads its code, a chunk of its own */
  readonly load: () => Promise<ComponentType<ViewProps>>;
}
