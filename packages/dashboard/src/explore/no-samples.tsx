import { formatMoment } from "../chart/format.ts";

interface NoSamplesProps {
  readonly zone: string;
  /** time of the newest sample of the charted points, epoch ms; null: unknown */
  readonly newest: number | null;
  /** Shows a range that ends with it. */
  readonly onShow: (newest: number) => void;
}

/** Covers a chart without samples in its range, with a link to the newest ones. */
export function NoSamples({ zone, newest, onShow }: NoSamplesProps) {
  return (
    <div class="no-samples">
      <div class="empty" role="status">
        <h2>No samples in this range</h2>
        {newest !== null && <p>The newest sample is from {formatMoment(zone, newest)}.</p>}
        {newest !== null && (
          <button type="button" class="button" onClick={() => onShow(newest)}>
            Go there
          </button>
        )}
      </div>
    </div>
  );
}
