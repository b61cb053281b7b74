import { IntlMessageFormat } from "intl-messageformat";
import { beforeAll, describe, expect, it, vi } from "vitest";

import de from "../messages/de.json";
import en from "../messages/en.json";

type Elements = ReturnType<IntlMessageFormat["getAst"]>;

/** Names of the arguments of a message, with the values that a `select` distinguishes. */
function argumentsOf(elements: Elements): string[] {
  return elements.flatMap((element) => {
    // Type 0 is literal text.
    if (!("value" in element) || element.type === 0) return [];
    if (!("options" in element)) return [element.value];
    const options = Object.entries(element.options);
    const cases = "pluralType" in element ? [] : options.map(([name]) => `${element.value} = ${name}`);
    return [element.value, ...cases, ...options.flatMap(([, { value }]) => argumentsOf(value))];
  });
}

const read = (messages: Record<string, string>, language: string) =>
  Object.fromEntries(
    Object.entries(messages).map(([key, message]) => {
      const parsed = new IntlMessageFormat(message, language, undefined, { ignoreTag: true });
      return [key, [...new Set(argumentsOf(parsed.getAst()))].sort()];
    }),
  );

describe("messages", () => {
  it("parse, with the same keys and arguments in each language", () => expect(read(de, "de")).toEqual(read(en, "en")));
});

describe("t", () => {
  let i18n: typeof import("./i18n");
  beforeAll(async () => {
    vi.stubGlobal("navigator", { languages: ["de-DE"] });
    vi.stubGlobal("document", { documentElement: {} });
    i18n = await import("./i18n");
  });

  it.each([
    ["en", 1, "1 entry"],
    ["en", 1234, "1,234 entries"],
    ["de", 1, "1 Eintrag"],
    ["de", 1234, "1.234 Einträge"],
  ] as const)("selects the plural form and formats numbers: %s %d", async (language, count, text) => {
    await i18n.speak(language);
    expect(i18n.t("list.count", { count })).toBe(text);
  });

  it("inserts texts as they are", async () => {
    await i18n.speak("en");
    expect(i18n.t("deleted", { name: "{x} <b> '{y}'" })).toBe("{x} <b> '{y}' deleted.");
  });

  it("shows values of the server without a text unchanged", async () => {
    await i18n.speak("en");
    expect(i18n.word("owner", "ROLE")).toBe("Role");
    expect(i18n.word("owner", "NEW_KIND")).toBe("NEW_KIND");
  });
});
