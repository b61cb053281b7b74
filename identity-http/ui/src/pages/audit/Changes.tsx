/** Changed fields of an audit entry, in words. */

import type { Schemas } from "../../api/client";
import { allInWords } from "../../api/conditions";
import { t, word } from "../../lib/i18n";

type Change = Schemas["AuditLogChange"];

/** Fields that are sets, of which the audit log has removed and added elements. */
const SETS = ["permissions", "properties"];
/** Fields with the kind of an entity. */
const KINDS = ["ownerType", "type"];
/** Number of sentences that are visible at once. */
const MOST = 3;

/** A condition in words. Text that was cut is no JSON; it is shown as it is. */
function conditionOf(text: string): string {
  try {
    return allInWords(JSON.parse(text));
  } catch {
    return t("change.value", { value: text });
  }
}

function inWords(field: string, value: string): string {
  if (field === "condition") return conditionOf(value);
  if (field === "enabled") return word("switch", value);
  return t("change.value", { value: KINDS.includes(field) ? word("owner", value) : value });
}

function sentence({ field, before, after }: Change): string {
  const name = word("field", field);
  if (before !== null) {
    const values = { before: inWords(field, before), after: after === null ? t("change.none") : inWords(field, after) };
    return t("change.replaced", { name, ...values });
  }
  return t("change.set", { name, after: after === null ? t("change.changed") : inWords(field, after) });
}

/** Describes changes, one sentence per field. */
export function sentences(changes: readonly Change[]): string[] {
  const fields = [...new Set(changes.map(({ field }) => field))];
  return fields.flatMap((field) => {
    const ofField = changes.filter((change) => change.field === field);
    if (!SETS.includes(field)) return ofField.map(sentence);
    const elements = ofField.map(({ before, after }) => (after === null ? `− ${before ?? ""}` : `+ ${after}`));
    return [t("change.set", { name: word("field", field), after: elements.join(", ") })];
  });
}

export function Changes({ changes, omittedChanges = 0 }: Pick<Schemas["AuditLogEntry"], "changes" | "omittedChanges">) {
  const all = sentences(changes);
  if (omittedChanges > 0) all.push(t("change.omitted", { count: omittedChanges }));
  if (all.length === 0) return null;
  const [shown, rest] = [all.slice(0, MOST), all.slice(MOST)];
  return (
    <>
      <Lines texts={shown} />
      {rest.length > 0 && (
        <details>
          <summary>{t("list.more", { count: rest.length })}</summary>
          <Lines texts={rest} />
        </details>
      )}
    </>
  );
}

const Lines = ({ texts }: { texts: string[] }) => (
  <ul className="changes">
    {texts.map((text) => (
      <li key={text}>{text}</li>
    ))}
  </ul>
);
