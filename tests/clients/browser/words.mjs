// Texts of the UI by their message key, in each language.

import { readFile } from "node:fs/promises";

const read = async (language) =>
  JSON.parse(await readFile(new URL(`../../../identity-http/ui/src/messages/${language}.json`, import.meta.url), "utf8"));

const MESSAGES = { en: await read("en"), de: await read("de") };
/** Locales of browsers by language. */
export const LOCALES = { en: "en-GB", de: "de-DE" };

const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Returns a pattern for the whole text of a message, with any arguments. */
export const words = (language, key) =>
  new RegExp(`^${MESSAGES[language][key].split(/\{\w+\}/).map(escaped).join(".*")}$`);

const german = new Set(Object.values(MESSAGES.de));
const foreign = new Set([
  ...Object.values(MESSAGES.en).filter((text) => !german.has(text)),
  ...Object.keys(MESSAGES.en).filter((key) => key.includes(".")),
]);
/** Texts that Carbon's components have unless they get others. */
const OF_CARBON = /^(\w+ icon|close|open menu|clear selected item|next page|previous page|items per page:|show password)$/i;

/** Whether a text is a text of the UI in English only, a default of Carbon, or the key of a message. */
export const isNotGerman = (text) => foreign.has(text) || OF_CARBON.test(text);
