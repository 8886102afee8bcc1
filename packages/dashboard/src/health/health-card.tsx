import type { ComponentChildren } from "preact";
import type { Answer } from "../api/use-answer.ts";
import { Failure } from "../ui/failure.tsx";

interface HealthCardProps<T> {
  readonly id: string;
  readonly title: string;
  /** its scope, such as the site or the days */
  readonly note: ComponentChildren;
  readonly answer: Answer<T>;
  /** the name of the data at the start of a sentence: "The days" */
  readonly part: string;
  readonly controls?: ComponentChildren;
  readonly children: (data: T) => ComponentChildren;
}

/** A card that loads and fails on its own; the last data stays if the next load fails. */
export function HealthCard<T>({ id, title, note, answer, part, controls, children }: HealthCardProps<T>) {
  const { data, error, isLoading, reload } = answer;
  return (
    <section class={`card health-card ${id}`} aria-labelledby={`${id}-title`} aria-busy={isLoading}>
      <div class={isLoading && data === undefined ? "progress" : "progress idle"} />
      <header class="health-head">
        <div>
          <h2 id={`${id}-title`}>{title}</h2>
          <p class="quiet number">{note}</p>
        </div>
        {controls}
      </header>
      {error !== undefined && <Failure part={part} error={error} onRetry={reload} />}
      {data === undefined ? error === undefined && <div class={`health-waiting ${id}`} /> : children(data)}
    </section>
  );
}
