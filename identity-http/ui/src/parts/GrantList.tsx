/** Authorizations of one API: all, those of one owner, or those on one resource type. */

import { Edit, TrashCan, WarningAlt } from "@carbon/icons-react";
import { useState } from "react";

import { type Administration, inWords, leading } from "../api/administration";
import { allInWords } from "../api/conditions";
import type { Grant, Grants, Narrowed } from "../api/grants";
import { useGrantableTypes } from "../api/types";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { list, t, word } from "../lib/i18n";
import { useLoad } from "../lib/useLoad";
import { useRound } from "../lib/useRound";
import { Chips } from "./Chips";
import { Create } from "./Create";
import { ConfirmDialog } from "./Dialog";
import { GrantForm } from "./GrantForm";
import { type Column, Listing } from "./Listing";

interface Props extends Narrowed {
  grants: Grants;
  /** Reload counter shared with lists that show some of these authorizations too. */
  rounds?: ReturnType<typeof useRound>;
}

export function GrantList({ grants, owner, resourceType, rounds }: Props) {
  const session = useSession();
  const { mayWrite } = session;
  const say = useToast();
  const ownRounds = useRound();
  const [round, again] = rounds ?? ownRounds;
  const [form, setForm] = useState<Grant | "new">();
  const [ending, setEnding] = useState<Grant>();
  const types = useGrantableTypes();
  // Authorizations on types of the other API are listed too, but can only be changed there.
  const here = new Set(types.filter(grants.takes).map(({ type }) => type));
  const isElsewhere = ({ resourceType }: Grant) => !here.has(resourceType);
  const sortable = (key: string) => grants.sorts.includes(key);
  const { data: ways } = useLoad(
    async () => (grants.id === "cluster" ? leading(session) : undefined),
    [round, grants.id],
  );
  const columns: Column<Grant>[] = [
    {
      key: "resourceId",
      header: t("grants.resource"),
      cell: (grant) => <Resource {...grant} way={ways?.get(grant.key)} />,
      sortable: sortable("resourceId"),
    },
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
  const what: Column<Grant> = {
    key: "resourceType",
    header: t("grants.type"),
    cell: ({ resourceType }) => <span className="word">{resourceType}</span>,
    sortable: sortable("resourceType"),
  };
  return (
    <>
      <Listing
        label={t(`grants.${grants.id}`)}
        part={owner && grants.id}
        search={owner ? undefined : t(grants.id === "cluster" ? "grants.search_owner" : "grants.search")}
        columns={[...(owner ? [] : [whose]), ...(resourceType ? [] : [what]), ...columns]}
        load={(query) => grants.list(query, { owner, resourceType })}
        on={[round, grants.id, owner?.ownerId, resourceType]}
        rowKey={({ key }) => key}
        tools={<Create text={t("grants.create")} onClick={() => setForm("new")} />}
        actions={
          mayWrite
            ? [
                {
                  label: (grant) => t("grants.edit_of", sentence(grant)),
                  icon: Edit,
                  onClick: setForm,
                  unless: isElsewhere,
                },
                {
                  label: (grant) => t("grants.end_of", sentence(grant)),
                  icon: TrashCan,
                  onClick: setEnding,
                  unless: isElsewhere,
                },
              ]
            : []
        }
        empty={{ title: t("grants.none"), text: t("grants.none_text") }}
      />
      {form && (
        <GrantForm
          grants={grants}
          grant={form === "new" ? undefined : form}
          owner={owner}
          resourceType={resourceType}
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

function Resource({ resourceId, property, condition, permissions, way }: Grant & { way?: Administration }) {
  return (
    <>
      {property ? (
        t("grants.by_property", { property })
      ) : resourceId === "*" ? (
        <em>{t("grants.all")}</em>
      ) : (
        <span className="code">{resourceId}</span>
      )}
      {way && (
        <p className="hint" title={inWords(way)}>
          <WarningAlt className="leads" aria-hidden /> {t("admin.title")}
        </p>
      )}
      {condition && <p className="hint">{allInWords(condition)}</p>}
      <div className="narrow">
        <Chips texts={permissions} most={3} />
      </div>
    </>
  );
}
