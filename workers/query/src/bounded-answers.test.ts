import { newApp } from "@building-vitals/core/http/new-app";
import { expect, test } from "vitest";
import { Admission, ADMISSION } from "./admission.ts";
import { type Bounded, boundedAnswers } from "./bounded-answers.ts";

const PIECES = 6;
const STALL_MS = 400;

test("a slow reader that takes a piece within the limit gets the whole answer", async () => {
  const admission = new Admission(ADMISSION, Date.now);
  const app = newApp<Bounded>();
  app.use(boundedAnswers(admission, STALL_MS));
  app.get("/", async (context) => {
    await context.var.admit(1);
    let left = PIECES;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(10)) : controller.close()),
    });
    return context.body(body, 200, { "x-of-the-route": "kept" });
  });
  const answer = await app.request("/");
  expect(answer.headers.get("x-of-the-route")).toBe("kept");
  const sizes: number[] = [];
  for await (const piece of answer.body!) {
    sizes.push(piece.length);
    expect(admission.state.held).toBe(1);
    await scheduler.wait(STALL_MS / 4);
  }
  expect(sizes).toEqual(Array(PIECES).fill(10));
  expect(admission.state.held).toBe(0);
});
