/** The template literals of a source text: each one's text between the backticks, and its interpolated expressions. */
export function templatesOf(source: string): { text: string; expressions: string[] }[] {
  const found: { text: string; expressions: string[] }[] = [];
  let at = 0;
  const skipQuoted = (quote: string) => {
    for (at++; at < source.length && source[at] !== quote; at++) if (source[at] === "\\") at++;
    at++;
  };
  const startsRegExp = () => /(?:^|[(,=:[!&|?{};+]|=>|return)\s*$/.test(source.slice(Math.max(0, at - 20), at));
  const template = () => {
    const start = ++at;
    const expressions: string[] = [];
    for (; at < source.length && source[at] !== "`"; at++) {
      if (source[at] === "\\") at++;
      else if (source.startsWith("${", at)) {
        const from = (at += 2);
        code("}");
        expressions.push(source.slice(from, at).trim());
      }
    }
    found.push({ text: source.slice(start, at), expressions });
    at++;
  };
  const code = (end: string | null) => {
    for (let depth = 0; at < source.length;) {
      const char = source[at]!;
      if (char === end && depth === 0) return;
      if (source.startsWith("//", at)) at = source.indexOf("\n", at) + 1 || source.length;
      else if (source.startsWith("/*", at)) at = source.indexOf("*/", at + 2) + 2;
      else if (char === '"' || char === "'") skipQuoted(char);
      else if (char === "`") template();
      else if (char === "/" && startsRegExp()) {
        let inClass = false;
        for (at++; at < source.length && (inClass || source[at] !== "/"); at++) {
          if (source[at] === "\\") at++;
          else if (source[at] === "[") inClass = true;
          else if (source[at] === "]") inClass = false;
        }
        at++;
      } else {
        if (char === "{") depth++;
        if (char === "}") depth--;
        at++;
      }
    }
  };
  code(null);
  return found;
}
