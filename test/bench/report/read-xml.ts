/** An element, with the text directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const NAME = "[A-Za-z_][\\w.-]*";
const TOKEN = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>|([^<]+)`, "y");
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&([^;]*)(;?)/g, (all, name: string, end: string) => {
    const character = ENTITIES[name];
    if (character === undefined || end === "") throw new Error(`${all} is no entity of XML`);
    return character;
  });
}

/**
 * Reads the part of XML that charts use: elements, attributes in double quotes, text, the five entities.
 * @throws for anything else, and for what is not well-formed
 */
export function readXml(xml: string): XmlElement {
  // oxlint-disable-next-line no-control-regex -- these are what XML may not hold
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u.test(xml)) throw new Error("no character of XML");
  const document: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [document];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < xml.length; at = TOKEN.lastIndex) {
    const [, closing, name, attributes, empty, text] = TOKEN.exec(xml) ?? [];
    const parent = open.at(-1)!;
    if (text !== undefined) parent.text += unescape(text);
    else if (name === undefined) throw new Error(`not XML: ${xml.slice(at, at + 60)}`);
    else if (closing === "/") {
      if (parent.name !== name || attributes !== "" || empty !== "")
        throw new Error(`</${name}> ends <${parent.name}>`);
      open.pop();
    } else {
      const pairs = [...(attributes ?? "").matchAll(new RegExp(`(${NAME})="([^"]*)"`, "g"))];
      const found = Object.fromEntries(pairs.map(([, key = "", value = ""]) => [key, unescape(value)]));
      if (Object.keys(found).length < pairs.length) throw new Error(`<${name}> has an attribute twice`);
      const element = { name, attributes: found, children: [], text: "" };
      parent.children.push(element);
      if (empty === "") open.push(element);
    }
  }
  const [root, ...others] = document.children;
  if (open.length > 1 || root === undefined || others.length > 0 || document.text.trim() !== "") {
    throw new Error("not one whole element");
  }
  return root;
}

/** All elements of a name, as they come. */
export function elementsOf({ children }: XmlElement, name: string): XmlElement[] {
  return children.flatMap((child) => [...(child.name === name ? [child] : []), ...elementsOf(child, name)]);
}
