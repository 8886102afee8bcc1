/** Paths on a 20 x 20 grid, drawn as lines. */
const PATHS = {
  auto: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.400 1.400M14.600 14.600L16 16M16 4l-1.400 1.400M5.400 14.600L4 16",
  moon: "M16.5 11.800A7 7 0 0 1 8.200 3.5a7 7 0 1 0 8.300 8.300z",
  close: "M5 5l10 10M15 5L5 15",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M13 13l4 4",
  plus: "M10 4v12M4 10h12",
  left: "M12 5l-5 5l5 5",
  right: "M8 5l5 5l-5 5",
  down: "M5 8l5 5l5-5",
  refresh: "M16 10a6 6 0 1 1-1.800-4.300M16.5 2.5v3.700h-3.700",
  download: "M10 3v9M6 8.5l4 4l4-4M3.5 16.5h13",
  link: "M8.5 11.5a3 3 0 0 0 4.300 0l2.800-2.800a3 3 0 0 0-4.300-4.300l-1 1M11.5 8.5a3 3 0 0 0-4.300 0l-2.800 2.800a3 3 0 0 0 4.300 4.300l1-1",
  clock: "M10 3a7 7 0 1 1 0 14a7 7 0 0 1 0-14M10 6v4l2.600 1.600",
  check: "M4 10.5l4 4l8-9",
  warning: "M10 3.5l7.5 13h-15zM10 8.5v3.5M10 14.300v.2",
  zoomOut: "M9 3.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11M13 13l4 4M6.5 9h5",
  cloud: "M6 15.5a3.5 3.5 0 0 1-.3-7A4.5 4.5 0 0 1 14.300 8a3.800 3.800 0 0 1 .2 7.5z",
} as const;

export type IconName = keyof typeof PATHS;

/** Hidden from screen readers: its button has a label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
