/** Notice that a policy document states something about an entity, so that changes made elsewhere are drift. */

import { InlineNotification } from "@carbon/react";

import { type AppliedDocument, type ManagedEntity, useDocumentsOf } from "../api/documents";
import { list, t, time } from "../lib/i18n";

/** When the document was applied, and from which source. Only one of several documents is named. */
function applied({ name, at, source }: AppliedDocument, count: number): string {
  const values = { name, count, time: time(at) };
  return source ? t("managed.applied_from", { ...values, source }) : t("managed.applied", values);
}

export function Managed({ entity }: { entity: ManagedEntity }) {
  const documents = useDocumentsOf(entity);
  if (documents.length === 0) return null;
  const count = documents.length;
  const names = list(documents.map(({ name }) => t("change.value", { value: name })));
  return (
    <InlineNotification
      kind="info"
      lowContrast
      hideCloseButton
      role="status"
      className="managed"
      title={t("managed.title", { count, names })}
      subtitle={[...documents.map((one) => applied(one, count)), t("managed.drift", { count })].join(" ")}
    />
  );
}
