import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { inManagement } from "../../api/lists";
import { endingMemberships } from "../../api/members";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { proposedId } from "../../lib/proposedId";
import { deletion } from "../../parts/BulkDialog";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteTenant } from "./DeleteTenant";

type Tenant = Schemas["TenantView"];

export default function TenantList() {
  const session = useSession();
  const { mayWrite, has } = session;
  const isFixed = ({ tenantId }: Tenant) => session.isProtected("TENANT", tenantId);
  const described = has("cluster-tenants");
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Tenant>();
  return (
    <Page title={t("tenants.title")} lead={t("tenants.lead")}>
      <Listing<Tenant>
        label={t("tenants.title")}
        search={t("tenants.search")}
        queryKey={["tenants"]}
        load={(query) => askPage(api.GET("/api/tenants", inManagement(query)))}
        rowKey={({ tenantId }) => tenantId}
        href={({ tenantId }) => addressOf("/tenants", tenantId)}
        alike={{ kind: "TENANT", id: ({ tenantId }) => tenantId }}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          {
            key: "tenantId",
            header: t("tenants.id"),
            cell: ({ tenantId }) => <span className="code">{tenantId}</span>,
          },
          ...(described
            ? [{ key: "description", header: t("description"), cell: (one: Tenant) => one.description, minor: true }]
            : []),
        ]}
        tools={<Create text={t("tenants.create")} onClick={() => setCreating(true)} />}
        actions={
          mayWrite
            ? [
                {
                  label: ({ name }) => t("delete_named", { name }),
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
                nameOf: ({ name }) => name,
                isFixed,
                actions: [
                  deletion<Tenant>("tenants", {
                    change: ({ tenantId }) => ({ deleteTenant: tenantId }),
                    consequences: async (tenants) =>
                      has("memberships")
                        ? []
                        : endingMemberships(
                            session,
                            tenants.map(({ tenantId: id }) => ({ type: "tenants", id })),
                          ),
                    run: ({ tenantId }) =>
                      ask(api.DELETE("/api/tenants/{tenantId}", { params: { path: { tenantId } } })),
                  }),
                ],
              }
            : undefined
        }
        empty={{ title: t("tenants.none"), text: t("tenants.none_text") }}
      />
      {creating && (
        <WordsForm
          shownAs={["curl", "yaml"]}
          heading={t("tenants.create")}
          fields={[
            { name: "name", label: t("name") },
            {
              name: "tenantId",
              label: t("tenants.id"),
              help: t("tenants.id_stays"),
              from: "name",
              // Limit of the Orchestration Cluster API.
              propose: (name) => proposedId(name, 31),
            },
            ...(described ? [{ name: "description", label: t("description"), optional: true } as const] : []),
          ]}
          onSubmit={async ({ name, tenantId, description }) => {
            await (described
              ? ask(api.POST("/v2/tenants", { body: { tenantId, name, description } }))
              : ask(api.POST("/api/tenants", { body: { tenantId, name } })));
            go(addressOf("/tenants", tenantId));
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {deleting && <DeleteTenant tenant={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}
