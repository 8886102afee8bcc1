import type { ComponentChildren } from "preact";
import type { Answer } from "../api/use-answer.ts";
import { Failure } from "../ui/failure.tsx";
import { Icon } from "../ui/icon.tsx";

interface PatternCardProps<T> {
  readonly id: string;
  readonly title: string;
  /** the loaded data */
  readonly note: string;
  /** the key of the present request */
  readonly answerKey: string | null;
  readonly answer: Answer<T>;
  /** whether a part of the archive could not be read */
  readonly isPartial: (data: T) => boolean;
  readonly isEmpty: (data: T) => boolean;
  readonly controls?: ComponentChildren;
  readonly children: (data: T) => ComponentChildren;
}

/** A chart that loads, fails or is empty on its own; the others stay. */
export function PatternCard<T>(props: PatternCardProps<T>) {
  const { id, title, note, answerKey, answer, isPartial, isEmpty, controls, children } = props;
  // Data of another point or range is not shown.
  const data = answer.dataKey === answerKey ? answer.data : undefined;
  return (
    <section class={`card pattern ${id}`} aria-labelledby={`${id}-title`} aria-busy={answer.isLoading}>
      <div class={answer.isLoading ? "progress" : "progress idle"} />
      <header class="pattern-head">
        <div>
          <h2 id={`${id}-title`}>{title}</h2>
          <p class="quiet">{note}</p>
        </div>
        {controls}
      </header>
      {answer.error !== undefined && <Failure part={title} error={answer.error} onRetry={answer.reload} />}
      {data !== undefined && isPartial(data) && (
        <div class="notice">
          <Icon name="warning" />
          <p>A part of the archive could not be read, so this chart lacks it.</p>
        </div>
      )}
      {data === undefined ? (
        answer.error === undefined && <div class={`pattern-waiting ${id}`} />
      ) : isEmpty(data) ? (
        <div class="empty">
          <h3>No samples</h3>
          <p>This point has no samples in these days. Choose other days or another point.</p>
        </div>
      ) : (
        children(data)
      )}
    </section>
  );
}
