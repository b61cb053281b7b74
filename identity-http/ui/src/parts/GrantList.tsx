/** Authorizations of one API: all, those of one owner, or those on one resource type. */

import { Edit, TrashCan, WarningAlt } from "@carbon/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Administration, inWords, leading } from "../api/administration";
import { allInWords } from "../api/conditions";
import type { Grant, Grants, Narrowed, Owner } from "../api/grants";
import { labelOf } from "../api/names";
import { changed } from "../api/queries";
import { useGrantableTypes } from "../api/types";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { list, t, word } from "../lib/i18n";
import { Breakable } from "./Breakable";
import { Chips } from "./Chips";
import { Create } from "./Create";
import { Current } from "./Current";
import { ConfirmDialog } from "./Dialog";
import { GrantFilters, useGrantFilters } from "./GrantFilters";
import { GrantForm } from "./GrantForm";
import { type Column, Listing } from "./Listing";
import { Name } from "./Name";

interface Props extends Narrowed {
  grants: Grants;
}

export function GrantList({ grants, owner, resourceType }: Props) {
  // Lists of one owner or type have no other filters.
  const whole = !owner && !resourceType;
  const filters = useGrantFilters();
  const narrowed = whole ? filters : { owner, resourceType };
  const session = useSession();
  const { mayWrite, isProtected } = session;
  // The authorizations of default roles cannot be changed.
  const isOfDefaultRole = ({ ownerType, ownerId }: Owner) => ownerType === "ROLE" && isProtected("ROLE", ownerId);
  const say = useToast();
  const [form, setForm] = useState<Grant | "new">();
  const [ending, setEnding] = useState<Grant>();
  const types = useGrantableTypes();
  // Authorizations on types of the other API are listed too, but can only be changed there.
  const here = new Set(types.filter(grants.takes).map(({ type }) => type));
  const isFixed = ({ resourceType, ...owner }: Grant) => !here.has(resourceType) || isOfDefaultRole(owner);
  const sortable = (key: string) => grants.sorts.includes(key);
  const { data: ways } = useQuery({
    queryKey: ["authorizations", { leading: true }],
    queryFn: ({ signal }) => leading(session, signal),
    enabled: grants.id === "cluster",
  });
  const columns: Column<Grant>[] = [
    {
      key: "resourceId",
      header: t("grants.resource"),
      cell: (grant) => <Resource {...grant} way={ways?.get(grant.key)} typed={!resourceType && !owner} />,
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
        <Name type={ownerType} id={ownerId} /> <small>({word("owner", ownerType)})</small>
      </>
    ),
    sortable: sortable("ownerId"),
  };
  const what: Column<Grant> = {
    key: "resourceType",
    header: t("grants.type"),
    cell: ({ resourceType }) => (
      <span className="word">
        <Breakable text={resourceType} />
      </span>
    ),
    // Narrow screens show it with the resource.
    minor: !owner,
    sortable: sortable("resourceType"),
  };
  const fixed = { grants, owner, resourceType };
  const close = () => setForm(undefined);
  return (
    <>
      {whole && <GrantFilters types={types.filter(grants.takes)} />}
      <Listing
        label={t(`grants.${grants.id}`)}
        part={owner && grants.id}
        search={owner ? undefined : t("grants.search")}
        filtered={whole && Object.values(filters).some(Boolean)}
        columns={[...(owner ? [] : [whose]), ...(resourceType ? [] : [what]), ...columns]}
        load={(query) => grants.list(query, narrowed)}
        queryKey={["authorizations", grants.id, narrowed]}
        rowKey={({ key }) => key}
        tools={
          !(owner && isOfDefaultRole(owner)) && <Create text={t("grants.create")} onClick={() => setForm("new")} />
        }
        actions={
          mayWrite
            ? [
                {
                  label: (grant) => t("grants.edit_of", sentence(grant)),
                  icon: Edit,
                  onClick: setForm,
                  unless: isFixed,
                },
                {
                  label: (grant) => t("grants.end_of", sentence(grant)),
                  icon: TrashCan,
                  onClick: setEnding,
                  unless: isFixed,
                },
              ]
            : []
        }
        bulk={
          mayWrite
            ? {
                nameOf: (grant) => Object.values(sentence(grant)).join(" "),
                isFixed,
                actions: [
                  {
                    label: t("grants.end"),
                    danger: true,
                    change: ({ key }) => (grants.id === "cluster" ? { deleteAuthorization: key } : []),
                    run: (grant) => grants.remove(grant, {}),
                    changes: ["authorizations"],
                  },
                ],
              }
            : undefined
        }
        empty={{ title: t("grants.none"), text: t("grants.none_text") }}
      />
      {form === "new" && <GrantForm {...fixed} onClose={close} />}
      {form && form !== "new" && (
        <Current heading={t("grants.edit")} read={() => grants.find(form)} onClose={close}>
          {(grant) => <GrantForm {...fixed} grant={grant} onClose={close} />}
        </Current>
      )}
      {ending && (
        <ConfirmDialog
          heading={t("grants.end")}
          submit={t("grants.end")}
          consequences={async () => [t("lose.grant", { ...sentence(ending), permissions: list(ending.permissions) })]}
          entity={() => grants.find(ending)}
          onConfirm={async (headers) => {
            await grants.remove(ending, headers);
            const again = () => changed(["authorizations"]);
            again();
            say({ title: t("grants.ended"), undo: () => grants.create(ending).then(again) });
          }}
          onClose={() => setEnding(undefined)}
        />
      )}
    </>
  );
}

const sentence = ({ ownerType, ownerId, resourceType, resourceId, property }: Grant) => ({
  owner: labelOf(ownerType, ownerId),
  type: resourceType,
  resource: resourceId === "*" ? t("grants.all") : (resourceId ?? property ?? ""),
});

interface ResourceProps extends Grant {
  way?: Administration;
  /** Whether narrow screens show the type here. */
  typed: boolean;
}

function Resource({ resourceId, property, condition, permissions, way, resourceType, typed }: ResourceProps) {
  return (
    <>
      {typed && (
        <div className="narrow">
          <Breakable text={resourceType} />
        </div>
      )}
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
