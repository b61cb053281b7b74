/** Texts in the user's language, as ICU messages; dates, numbers and lists in the user's locale. */

import { IntlMessageFormat } from "intl-messageformat";
import { useSyncExternalStore } from "react";

import en from "../messages/en.json";
import { kept } from "./kept";

export type Key = keyof typeof en;
type Messages = Record<Key, string>;
export type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const chosen = kept<Language>("identity-language", Object.keys(LANGUAGES) as Language[]);
const preferred = () => (navigator.languages.find((tag) => /^(de|en)\b/.test(tag))?.startsWith("de") ? "de" : "en");

let language: Language = "en";
let messages: Messages = en;
let locale = "en";
/** Messages of the language that have been parsed. */
const parsed = new Map<Key, IntlMessageFormat>();
const listeners = new Set<() => void>();

export async function speak(wanted: Language = chosen.get() ?? preferred()) {
  messages = wanted === "de" ? (await import("../messages/de.json")).default : en;
  language = wanted;
  // The user's regional variant of the language, which determines the date format.
  locale = navigator.languages.find((tag) => tag.startsWith(wanted)) ?? wanted;
  parsed.clear();
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

export function choose(wanted: Language) {
  chosen.set(wanted);
  void speak(wanted);
}

/** Returns a text with its arguments inserted. Throws an error if an argument is missing. */
export function t(key: Key, values?: Values): string {
  let message = parsed.get(key);
  if (!message) {
    message = new IntlMessageFormat(messages[key], locale, undefined, { ignoreTag: true });
    parsed.set(key, message);
  }
  return String(message.format(values));
}

/** Returns the text for a value of the server, such as an enum constant, or the value itself if it has no text. */
export const word = (key: Key, value: string) => t(key, { value });

export const time = (text: string) =>
  new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(text));

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** Returns a past time relative to now, such as "3 hours ago". */
export function ago(text: string) {
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => -seconds >= length) ?? (["minute", 60] as const);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

export const list = (items: string[], type: "conjunction" | "disjunction" = "conjunction") =>
  new Intl.ListFormat(locale, { type }).format(items);

export function useLanguage(): Language {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => language,
  );
}
