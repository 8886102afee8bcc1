/** A lifecycle rule of a bucket, as wrangler shows it. */
export interface LifecycleRule {
  readonly name: string;
  readonly enabled: boolean;
  /** the beginning of the keys that it is for; empty: all */
  readonly prefix: string;
  /** such as "Expire objects after 7 days" */
  readonly action: string;
}

const FIELD = /^(name|enabled|prefix|action):\s*(.*)$/;

/** Reads what `wrangler r2 bucket lifecycle list` prints: blocks of `label:  value`, with empty lines between them. */
export function parseLifecycleRules(text: string): LifecycleRule[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields = new Map(
      block.split("\n").flatMap((line): [string, string][] => {
        const [, label, value] = FIELD.exec(line.trim()) ?? [];
        return label === undefined || value === undefined ? [] : [[label, value]];
      }),
    );
    const [name, prefix = "", action = ""] = ["name", "prefix", "action"].map((label) => fields.get(label));
    if (name === undefined) return [];
    const isForAll = prefix === "(all prefixes)";
    return [{ name, enabled: fields.get("enabled") !== "No", prefix: isForAll ? "" : prefix, action }];
  });
}

/** Whether a rule deletes some of the objects whose keys begin so. */
export function expires(rule: LifecycleRule, prefix: string): boolean {
  const concerns = rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix);
  return rule.enabled && concerns && rule.action.includes("Expire objects");
}
