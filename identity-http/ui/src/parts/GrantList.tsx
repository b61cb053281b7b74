/** Authorizations of one API: all, or those of one owner. */

import { Button } from "@carbon/react";
import { Add, Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";

import type { Grant, Grants, Owner } from "../api/grants";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { list, t, word } from "../lib/i18n";
import { Chips } from "./Chips";
import { ConfirmDialog } from "./Dialog";
import { GrantForm } from "./GrantForm";
import { type Column, Listing } from "./Listing";

export function GrantList({ grants, owner }: { grants: Grants; owner?: Owner }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [round, setRound] = useState(0);
  const [form, setForm] = useState<Partial<Grant>>();
  const [ending, setEnding] = useState<Grant>();
  const again = () => setRound((round) => round + 1);
  const sortable = (key: string) => grants.sorts.includes(key);
  const columns: Column<Grant>[] = [
    { key: "resourceType", header: t("grants.type"), cell: ({ resourceType }) => resourceType, sortable: sortable("resourceType") },
    { key: "resourceId", header: t("grants.resource"), cell: (grant) => <Resource {...grant} />, sortable: sortable("resourceId") },
    {
      key: "permissions",
      header: t("grants.permissions"),
      minor: true,
      cell: ({ permissions }) => <Chips texts={permissions} />,
    },
  ];
  const whose: Column<Grant> = {
    key: "ownerId",
    header: t("grants.owner"),
    cell: ({ ownerType, ownerId }) => (
      <>
        {ownerId} <small>({word("owner", ownerType)})</small>
      </>
    ),
    sortable: sortable("ownerId"),
  };
  const create = mayWrite && (
    <Button size="lg" renderIcon={Add} onClick={() => setForm({ ...owner })}>
      {t("grants.create")}
    </Button>
  );
  return (
    <>
      <Listing
        label={t(`grants.${grants.id}`)}
        search={owner ? undefined : t(grants.id === "cluster" ? "grants.search_owner" : "grants.search")}
        columns={owner ? columns : [whose, ...columns]}
        load={(query) => grants.list(query, owner)}
        on={[round, grants.id, owner?.ownerId]}
        rowKey={({ key }) => key}
        tools={create}
        actions={
          mayWrite
            ? [
                { label: (grant) => t("grants.edit_of", sentence(grant)), icon: Edit, onClick: setForm },
                { label: (grant) => t("grants.end_of", sentence(grant)), icon: TrashCan, onClick: setEnding },
              ]
            : []
        }
        empty={{ title: t("grants.none"), text: t("grants.none_text") }}
      />
      {form && (
        <GrantForm
          grants={grants}
          initial={form}
          fixedOwner={owner !== undefined}
          onClose={() => setForm(undefined)}
          onDone={again}
        />
      )}
      {ending && (
        <ConfirmDialog
          heading={t("grants.end")}
          submit={t("grants.end")}
          consequences={async () => [t("lose.grant", { ...sentence(ending), permissions: list(ending.permissions) })]}
          onConfirm={async () => {
            await grants.remove(ending);
            again();
            say({ title: t("grants.ended"), undo: () => grants.create(ending).then(again) });
          }}
          onClose={() => setEnding(undefined)}
        />
      )}
    </>
  );
}

const sentence = ({ ownerId, resourceType, resourceId, property }: Grant) => ({
  owner: ownerId,
  type: resourceType,
  resource: resourceId === "*" ? t("grants.all") : (resourceId ?? property ?? ""),
});

function Resource({ resourceId, property }: Grant) {
  if (property) return <>{t("grants.by_property", { property })}</>;
  return resourceId === "*" ? <em>{t("grants.all")}</em> : <span className="code">{resourceId}</span>;
}
