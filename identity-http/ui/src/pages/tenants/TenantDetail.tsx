import { useQuery } from "@tanstack/react-query";

import { api, ask } from "../../api/client";
import { kindsOf } from "../../api/members";
import { changed } from "../../api/queries";
import { askVersioned } from "../../api/versions";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { Described } from "../../parts/Described";
import { Detail } from "../../parts/Detail";
import { memberTabs } from "../../parts/MembersOf";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteTenant } from "./DeleteTenant";

export default function TenantDetail({ id: tenantId }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { tenantId } } };
  const read = (signal?: AbortSignal) => askVersioned(api.GET("/api/tenants/{tenantId}", { ...path, signal }));
  const loaded = useQuery({
    queryKey: ["tenants", tenantId],
    queryFn: ({ signal }) => read(signal),
  });
  // Only the Orchestration Cluster API changes descriptions.
  const described = session.has("cluster-tenants");
  return (
    <Detail
      loaded={loaded}
      one={t("tenants.one")}
      above={{ title: t("tenants.title"), href: "/tenants" }}
      title={({ name }) => name}
      lead={({ description }) => <Described id={tenantId} description={description} />}
      isFixed={() => session.isProtected("TENANT", tenantId)}
      managed={({ tenantId }) => ({ type: "TENANT", id: tenantId })}
      edit={{
        text: described ? undefined : t("rename"),
        form: (tenant, onClose) => (
          <WordsForm
            shownAs={["curl", "yaml"]}
            heading={t(described ? "tenants.edit" : "tenants.rename")}
            submit={t("save")}
            fields={[
              { name: "name", label: t("name"), value: tenant.name },
              ...(described
                ? [{ name: "description", label: t("description"), value: tenant.description, optional: true } as const]
                : []),
            ]}
            edited={{ entity: tenant, audited: { entityType: "TENANT", entityKey: tenantId }, reload: read }}
            onSubmit={async ({ name, description }, headers) => {
              await (described
                ? ask(api.PUT("/v2/tenants/{tenantId}", { ...path, body: { name, description }, headers }))
                : ask(api.PUT("/api/tenants/{tenantId}", { ...path, body: { name }, headers })));
              say({ title: t("saved", { name }) });
              changed(["tenants", tenantId]);
            }}
            onClose={onClose}
          />
        ),
      }}
      remove={(tenant, onDeleted, onClose) => <DeleteTenant tenant={tenant} onDeleted={onDeleted} onClose={onClose} />}
    >
      {(tenant) => (
        <TabPages
          label={tenant.name}
          tabs={memberTabs(kindsOf(session, "tenants"), { type: "tenants", id: tenantId })}
        />
      )}
    </Detail>
  );
}
