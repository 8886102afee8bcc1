import { panned, type Span, zoomed } from "./span.ts";

interface GestureTarget {
  /** the shown span */
  span(): Span;
  /** shows another span while the fingers move */
  show(span: Span): void;
  /** the fingers have left */
  commit(): void;
  /** the position of a finger in the plot, 0 to 1 */
  shareAt(clientX: number): number;
  plotWidth(): number;
}

/** A shorter movement is a tap, or a scroll of the page. */
const SLOP_PX = 8;

/**
 * One finger moves the range, two stretch it; so does the mouse with Shift. The browser keeps vertical scrolling
 * (`touch-action: pan-y`). @returns stops listening
 */
export function listenToGestures(element: HTMLElement, target: GestureTarget): () => void {
  const fingers = new Map<number, { startX: number; x: number }>();
  let from: Span | null = null;
  let isMoving = false;

  const begin = () => {
    from = target.span();
    for (const finger of fingers.values()) finger.startX = finger.x;
  };
  const down = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && !event.shiftKey) return;
    fingers.set(event.pointerId, { startX: event.clientX, x: event.clientX });
    begin();
  };
  const move = (event: PointerEvent) => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined || from === null) return;
    finger.x = event.clientX;
    const [one, two] = [...fingers.values()];
    if (!isMoving && Math.abs(finger.x - finger.startX) < SLOP_PX) return;
    isMoving = true;
    if (two === undefined) return target.show(panned(from, (one!.startX - one!.x) / target.plotWidth()));
    // The content under the fingers stays under them.
    const [a, b] = [target.shareAt(one!.startX), target.shareAt(two.startX)];
    const [c, d] = [target.shareAt(one!.x), target.shareAt(two.x)];
    const by = Math.abs(b - a) / Math.max(0.02, Math.abs(d - c));
    const stretched = zoomed(from, by, (a + b) / 2);
    return target.show(panned(stretched, (a + b - c - d) / 2));
  };
  const up = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size > 0) return begin();
    if (isMoving) target.commit();
    [from, isMoving] = [null, false];
  };
  element.addEventListener("pointerdown", down);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up);
  window.addEventListener("pointercancel", up);
  return () => {
    element.removeEventListener("pointerdown", down);
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", up);
    window.removeEventListener("pointercancel", up);
  };
}
