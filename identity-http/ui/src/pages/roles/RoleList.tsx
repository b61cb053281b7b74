import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { withClusterRoles } from "../../api/lists";
import { titleOf } from "../../api/roles";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { proposedId } from "../../lib/proposedId";
import { deletion } from "../../parts/BulkDialog";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteRole, lostApis } from "./DeleteRole";

type Role = Schemas["RoleView"];

export default function RoleList() {
  const { mayWrite, has, isProtected } = useSession();
  const isFixed = ({ name }: Role) => isProtected("ROLE", name);
  // Roles in Keycloak have no display name in addition to their key.
  const named = has("memberships");
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Role>();
  return (
    <Page title={t("roles.title")} lead={t("roles.lead")}>
      <Listing<Role>
        label={t("roles.title")}
        search={t("roles.search")}
        queryKey={["roles"]}
        load={(query) => askPage(api.GET("/api/roles", withClusterRoles(query)))}
        rowKey={({ name }) => name}
        href={({ name }) => addressOf("/roles", name)}
        alike={{ kind: "ROLE", id: ({ name }) => name }}
        columns={[
          { key: "name", header: t("name"), cell: titleOf },
          { key: "id", header: t("id"), cell: ({ name }) => <span className="code">{name}</span>, minor: true },
          { key: "description", header: t("description"), cell: ({ description }) => description, minor: true },
        ]}
        tools={<Create text={t("roles.create")} onClick={() => setCreating(true)} />}
        actions={
          mayWrite
            ? [
                {
                  label: (role) => t("delete_named", { name: titleOf(role) }),
                  icon: TrashCan,
                  onClick: setDeleting,
                  unless: isFixed,
                },
              ]
            : []
        }
        bulk={
          mayWrite
            ? {
                nameOf: titleOf,
                isFixed,
                actions: [
                  deletion<Role>("roles", {
                    change: ({ name }) => ({ deleteRole: name }),
                    consequences: async (roles) => (has("memberships") ? [] : lostApis(roles.map(({ name }) => name))),
                    run: ({ name }) => ask(api.DELETE("/api/roles/{name}", { params: { path: { name } } })),
                  }),
                ],
              }
            : undefined
        }
        empty={{ title: t("roles.none"), text: t("roles.none_text") }}
      />
      {creating && (
        <WordsForm
          shownAs={["curl", "yaml"]}
          heading={t("roles.create")}
          fields={[
            ...(named ? [{ name: "displayName", label: t("name") } as const] : []),
            named
              ? {
                  name: "name",
                  label: t("roles.id"),
                  help: t("tenants.id_stays"),
                  from: "displayName",
                  propose: proposedId,
                }
              : { name: "name", label: t("name"), help: t("roles.name_stays") },
            { name: "description", label: t("description"), optional: true },
          ]}
          onSubmit={async (body) => go(addressOf("/roles", (await ask(api.POST("/api/roles", { body }))).name))}
          onClose={() => setCreating(false)}
        />
      )}
      {deleting && <DeleteRole role={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}
