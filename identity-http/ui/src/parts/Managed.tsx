/** Notice that a policy document states something about an entity, so that changes made elsewhere are drift. */

import { InlineNotification } from "@carbon/react";

import { type AppliedDocument, type ManagedEntity, useDocumentsOf } from "../api/documents";
import { list, t, time } from "../lib/i18n";

const applied = ({ name, at, source }: AppliedDocument) =>
  source ? t("managed.applied_from", { name, time: time(at), source }) : t("managed.applied", { name, time: time(at) });

export function Managed({ entity }: { entity: ManagedEntity }) {
  const documents = useDocumentsOf(entity);
  if (documents.length === 0) return null;
  const names = list(documents.map(({ name }) => name));
  return (
    <InlineNotification
      kind="info"
      lowContrast
      hideCloseButton
      role="status"
      className="managed"
      title={t("managed.title", { count: documents.length, names })}
      subtitle={[...documents.map(applied), t("managed.drift", { count: documents.length })].join(" ")}
    />
  );
}
