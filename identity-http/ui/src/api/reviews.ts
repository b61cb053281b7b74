import { isKey, t, word } from "../lib/i18n";
import type { Schemas } from "./client";

export type Review = Schemas["ReviewView"];

/** Narrows the response of an access review to JSON; only the export uses CSV. */
export const review = async (answer: Promise<Review | string>) => (await answer) as Review;

/** Server's words for kinds of parties, at the start of each part of a path. */
const KINDS: Record<string, string> = {
  user: "USER",
  client: "CLIENT",
  group: "GROUP",
  role: "ROLE",
  "mapping rule": "MAPPING_RULE",
};

/** Translates the kinds of parties in a path such as `user Ann (ann) > group people > ROLE:UPDATE on admin`. */
export const pathInWords = (path: string) =>
  path
    .split(" > ")
    .map((part) => {
      const [, kind = "", id = ""] = /^(user|client|group|role|mapping rule) (.+)$/s.exec(part) ?? [];
      if (kind) return `${word("owner", KINDS[kind] ?? kind)} ${id}`;
      const [, right = "", entity = ""] = /^([A-Z_]+:[A-Z_]+) on (.+)$/s.exec(part) ?? [];
      return right ? t("path.on", { right, entity }) : part;
    })
    .join(" > ");

/** Names a resource by its type and ID. APIs and tenants have names in the user's language. */
export function resourceInWords(type: string, id: string): string {
  const key = `why.type_${type}`;
  return [isKey(key) ? t(key) : type, id].filter(Boolean).join(" ");
}
