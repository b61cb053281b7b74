/** Writes values as YAML in block style. */

export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Texts that need no quotes: words of letters, digits and a few signs, which begin with a letter. */
const PLAIN = /^[a-z_][\w.-]*( [a-z_][\w.-]*)*$/i;
/** Words that readers of YAML 1.1 or 1.2 take for booleans or null. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null)$/i;
/** Characters that JSON leaves as they are, and that YAML does not print or takes for line breaks. */
const UNPRINTED = /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A string of JSON is a string of YAML in double quotes. */
const scalar = (text: string) =>
  PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text).replace(UNPRINTED, escaped);

function linesOf(value: Yaml): string[] {
  if (typeof value === "string") return [scalar(value)];
  if (Array.isArray(value)) {
    return value.flatMap((item: Yaml) => linesOf(item).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)));
  }
  return Object.entries(value).flatMap(([key, member]) =>
    typeof member === "string"
      ? [`${scalar(key)}: ${scalar(member)}`]
      : [`${scalar(key)}:`, ...linesOf(member).map((line) => `  ${line}`)],
  );
}

/** Lists and objects must not be empty. */
export const yaml = (value: Yaml): string => linesOf(value).join("\n");
