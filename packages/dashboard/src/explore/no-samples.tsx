import { formatMoment } from "../chart/format.ts";

interface NoSamplesProps {
  readonly zone: string;
  /** when the newest sample of what is charted is, epoch ms; null: not known */
  readonly newest: number | null;
  /** Shows a range that ends with it. */
  readonly onShow: (newest: number) => void;
}

/** Lies over a chart whose range has nothing in it, and leads to where there is something. */
export function NoSamples({ zone, newest, onShow }: NoSamplesProps) {
  return (
    <div class="no-samples">
      <div class="empty" role="status">
        <h2>No samples in this range</h2>
        {newest !== null && <p>The newest is of {formatMoment(zone, newest)}.</p>}
        {newest !== null && (
          <button type="button" class="button" onClick={() => onShow(newest)}>
            Go there
          </button>
        )}
      </div>
    </div>
  );
}
