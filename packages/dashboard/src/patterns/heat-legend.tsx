import { useEffect, useRef } from "preact/hooks";
import { formatValue } from "../chart/format.ts";
import { RAMP_STEPS, type ScaleDomain } from "./color-ramp.ts";
import { rampColors } from "./draw-heat.ts";
import { useThemeRound } from "./use-theme-round.ts";

interface HeatLegendProps {
  readonly domain: ScaleDomain;
  readonly unit: string | null;
  readonly hasMissing: boolean;
}

/** The colour scale. */
export function HeatLegend({ domain, unit, hasMissing }: HeatLegendProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const round = useThemeRound();
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined) return;
    for (const [step, color] of rampColors().entries()) {
      context.fillStyle = color;
      context.fillRect(step, 0, 1, 1);
    }
  }, [round]);
  const { low, high, isCutLow, isCutHigh } = domain;
  const formatEnd = (value: number, sign: string) => `${sign}${formatValue(value)}${unit === null ? "" : ` ${unit}`}`;
  return (
    <div class="heat-legend number">
      <span>{formatEnd(low, isCutLow ? "≤ " : "")}</span>
      <canvas ref={canvas} width={RAMP_STEPS} height={1} aria-hidden="true" />
      <span>{formatEnd(high, isCutHigh ? "≥ " : "")}</span>
      {hasMissing && (
        <span class="heat-missing">
          <i aria-hidden="true" /> no samples
        </span>
      )}
    </div>
  );
}
