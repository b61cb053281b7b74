/** Access that principals gain and lose by a change. */

import type { Item } from "../api/decisions";
import { list, t, word } from "../lib/i18n";
import { Plain } from "./Plain";

export interface EffectOn {
  type: string;
  id: string;
  gained: Item[];
  lost: Item[];
}

export const Effects = ({ label, effects }: { label: string; effects: EffectOn[] }) => (
  <Plain
    label={label}
    rows={effects}
    rowKey={({ id, type }) => `${type} ${id}`}
    columns={[
      { key: "who", header: t("why.who"), cell: ({ type, id }) => `${word("owner", type)} ${id}` },
      { key: "gained", header: t("try.gains"), cell: ({ gained }) => items(gained) },
      { key: "lost", header: t("try.loses"), cell: ({ lost }) => items(lost) },
    ]}
  />
);

function words(item: Item): string {
  switch (item.kind) {
    case "GROUP":
      return `${word("owner", "GROUP")} ${item.group}`;
    case "ROLE":
      return `${word("owner", "ROLE")} ${item.role}`;
    case "TENANT":
      return `${word("owner", "TENANT")} ${item.tenant}`;
    case "PERMISSION":
      return `${item.permission.audience} ${item.permission.definition}`;
    case "RESOURCE":
      return `${item.resource_type} ${item.scope.match === "ANY" ? "*" : item.scope.value} ${item.permission}`;
  }
}

/** Maximum number of items in a sentence. */
const MOST = 8;

/** Names the first items, and the number of the others. */
export function items(all: Item[]): string {
  if (all.length === 0) return "–";
  const more = all.length - MOST;
  return list([...all.slice(0, MOST).map(words), ...(more > 0 ? [t("lose.named.more", { count: more })] : [])]);
}
