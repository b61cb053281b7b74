import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import * as choices from "../../api/choices";
import { api, ask, askPage, type Schemas } from "../../api/client";
import { joining } from "../../api/decisions";
import { inManagement } from "../../api/lists";
import { endingMemberships } from "../../api/members";
import { type Session, useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { proposedId } from "../../lib/proposedId";
import { type BulkAction, deletion } from "../../parts/BulkDialog";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteGroup } from "./DeleteGroup";

type Group = Schemas["GroupView"];

export default function GroupList() {
  const session = useSession();
  const { mayWrite, has } = session;
  // Groups in a directory have generated IDs.
  const identified = has("cluster-groups");
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Group>();
  return (
    <Page title={t("groups.title")} lead={t("groups.lead")}>
      <Listing<Group>
        label={t("groups.title")}
        search={t("groups.search")}
        queryKey={["groups"]}
        load={(query) => askPage(api.GET("/api/groups", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/groups", id)}
        alike={{ kind: "GROUP", id: ({ id }) => id }}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "id", header: t("id"), cell: ({ id }) => <span className="code">{id}</span>, minor: true },
          ...(identified
            ? [{ key: "description", header: t("description"), cell: (group: Group) => group.description, minor: true }]
            : []),
        ]}
        tools={<Create text={t("groups.create")} onClick={() => setCreating(true)} />}
        actions={
          mayWrite ? [{ label: ({ name }) => t("delete_named", { name }), icon: TrashCan, onClick: setDeleting }] : []
        }
        bulk={mayWrite ? { actions: bulkOf(session), nameOf: ({ name }) => name } : undefined}
        empty={{ title: t("groups.none"), text: t("groups.none_text"), action: undefined }}
      />
      {creating && (
        <WordsForm
          shownAs={["curl", "yaml"]}
          heading={t("groups.create")}
          fields={[
            { name: "name", label: t("name") },
            ...(identified
              ? ([
                  {
                    name: "groupId",
                    label: t("groups.id"),
                    help: t("tenants.id_stays"),
                    from: "name",
                    propose: proposedId,
                  },
                  { name: "description", label: t("description"), optional: true },
                ] as const)
              : []),
          ]}
          onSubmit={async ({ name, groupId, description }) => {
            const id = identified
              ? (await ask(api.POST("/v2/groups", { body: { groupId, name, description } }))).groupId
              : (await ask(api.POST("/api/groups", { body: { name } }))).id;
            go(addressOf("/groups", id));
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {deleting && <DeleteGroup group={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}

/** Actions on several groups. */
const bulkOf = (session: Session): BulkAction<Group>[] => [
  {
    label: t("bulk.assign_role"),
    target: { label: t("roles.one"), find: choices.roles },
    change: ({ id }, role) => joining("ROLE", role, "GROUP", id),
    run: ({ id }, roleName) =>
      ask(api.POST("/api/groups/{id}/roles", { params: { path: { id } }, body: { roleName } })),
  },
  deletion<Group>("groups", {
    change: ({ id }) => ({ deleteGroup: id }),
    consequences: async (groups) =>
      session.has("memberships")
        ? []
        : endingMemberships(
            session,
            groups.map(({ id }) => ({ type: "groups", id })),
          ),
    run: ({ id }) => ask(api.DELETE("/api/groups/{id}", { params: { path: { id } } })),
  }),
];
