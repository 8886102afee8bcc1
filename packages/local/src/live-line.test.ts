import { expect, it } from "vitest";
import { LiveLine, type Terminal } from "./live-line.ts";

/** A terminal that shows what is written as it was, the escape character as `^`. */
class FakeTerminal implements Terminal {
  columns: number;
  listeners: (() => void)[] = [];
  #written = "";

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    this.#written += text;
  }

  on(_: "resize", listener: () => void): void {
    this.listeners.push(listener);
  }

  off(_: "resize", listener: () => void): void {
    this.listeners = this.listeners.filter((one) => one !== listener);
  }

  resize(columns: number): void {
    this.columns = columns;
    for (const listener of this.listeners) listener();
  }

  /** What was written since the last call. */
  take(): string {
    const written = this.#written.replaceAll("\u001b", "^").replaceAll("\r", "<");
    this.#written = "";
    return written;
  }
}

it("draws over the old line and then wipes its rest, only where it has changed", () => {
  const terminal = new FakeTerminal(80);
  const line = new LiveLine(terminal);
  line.show(() => "a long line");
  line.show(() => "a long line");
  line.show(() => "short");
  expect(terminal.take()).toBe("<a long line^[J<short^[J");
});

it("gives the line all columns but those of a ^C and the last, which would wrap; 80 where nobody knows", () => {
  const widths: number[] = [];
  for (const columns of [60, 2, 0]) {
    new LiveLine(new FakeTerminal(columns)).show((width) => {
      widths.push(width);
      return "";
    });
  }
  expect(widths).toEqual([57, 1, 77]);
});

it("is drawn anew when the window's size changes: from its first row, where it has wrapped", () => {
  const terminal = new FakeTerminal(100);
  const line = new LiveLine(terminal);
  line.show((width) => "x".repeat(width));
  terminal.take();
  terminal.resize(40);
  expect(terminal.take()).toBe(`^[2A<${"x".repeat(37)}^[J`);
  terminal.resize(120);
  expect(terminal.take()).toBe(`<${"x".repeat(117)}^[J`);
});

it("does not count colours as columns", () => {
  const terminal = new FakeTerminal(40);
  const line = new LiveLine(terminal);
  line.show(() => `\u001b[31m${"x".repeat(20)}\u001b[39m`);
  terminal.take();
  terminal.resize(20);
  expect(terminal.take()).not.toContain("A<");
  terminal.resize(19);
  expect(terminal.take()).toContain("^[1A<");
});

it("ends with the line over what was typed, and below it; without a line with nothing", () => {
  const terminal = new FakeTerminal(80);
  const line = new LiveLine(terminal);
  line.show(() => "half");
  line.end();
  expect(terminal.take()).toBe("<half^[J<half^[J\n");
  expect(terminal.listeners).toEqual([]);
  new LiveLine(terminal).end();
  expect(terminal.take()).toBe("");
});
