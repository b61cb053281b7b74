import { useQuery } from "@tanstack/react-query";

import * as choices from "../../api/choices";
import { api, ask, type Schemas } from "../../api/client";
import { changed } from "../../api/queries";
import { join, leave } from "../../api/tenants";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { Detail } from "../../parts/Detail";
import { Members } from "../../parts/Members";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { GroupsOf } from "../groups/GroupsOf";
import { PeopleIn } from "../users/PeopleIn";
import { DeleteTenant } from "./DeleteTenant";

export default function TenantDetail({ id: tenantId }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { tenantId } } };
  const loaded = useQuery({
    queryKey: ["tenants", tenantId],
    queryFn: ({ signal }) => ask(api.GET("/api/tenants/{tenantId}", { ...path, signal })),
  });
  const users = (
    <PeopleIn
      label={t("tenants.users")}
      button={t("tenants.assign_users")}
      queryKey={["tenants", tenantId, "users"]}
      load={(signal) => ask(api.GET("/api/tenants/{tenantId}/users", { ...path, signal }))}
      add={(ids) => join.USER(tenantId, ids)}
      remove={(id) => leave.USER(tenantId, id)}
      empty={t("tenants.no_users")}
    />
  );
  const groups = (
    <GroupsOf
      queryKey={["tenants", tenantId, "groups"]}
      load={(signal) => ask(api.GET("/api/tenants/{tenantId}/groups", { ...path, signal }))}
      add={{
        button: t("tenants.assign_groups"),
        search: t("groups.search"),
        find: choices.groups,
        run: (ids) => join.GROUP(tenantId, ids),
      }}
      remove={{ run: ({ id }) => leave.GROUP(tenantId, id), undo: ({ id }) => join.GROUP(tenantId, [id]) }}
      empty={t("tenants.no_groups")}
    />
  );
  const findApplications = choices.applications(session);
  const applications = (
    <Members
      label={t("tenants.applications")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }: Schemas["ApplicationView"]) => name },
        {
          key: "clientId",
          header: t("tenants.client_id"),
          cell: ({ clientId }) => <span className="code">{clientId}</span>,
        },
      ]}
      idOf={({ clientId }) => clientId}
      nameOf={({ name }) => name}
      queryKey={["tenants", tenantId, "applications"]}
      load={{ all: (signal) => ask(api.GET("/api/tenants/{tenantId}/applications", { ...path, signal })) }}
      add={{
        button: t("tenants.assign_applications"),
        search: t("clients.search"),
        find: findApplications,
        typed: findApplications ? undefined : t("tenants.client_id"),
        run: (ids) => join.CLIENT(tenantId, ids),
      }}
      remove={{
        run: ({ clientId }) => leave.CLIENT(tenantId, clientId),
        undo: ({ clientId }) => join.CLIENT(tenantId, [clientId]),
      }}
      empty={t("tenants.no_applications")}
    />
  );
  return (
    <Detail
      loaded={loaded}
      one={t("tenants.one")}
      above={{ title: t("tenants.title"), href: "/tenants" }}
      title={({ name }) => name}
      lead={() => <span className="code">{tenantId}</span>}
      isFixed={() => tenantId === "<default>"}
      edit={{
        text: t("rename"),
        form: ({ name: old }, onClose) => (
          <WordsForm
            heading={t("tenants.rename")}
            submit={t("save")}
            fields={[{ name: "name", label: t("name"), value: old }]}
            onSubmit={async ({ name }) => {
              await ask(api.PUT("/api/tenants/{tenantId}", { ...path, body: { name } }));
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
          tabs={[
            { id: "users", title: t("tenants.users"), content: () => users },
            { id: "groups", title: t("groups.title"), content: () => groups },
            { id: "applications", title: t("tenants.applications"), content: () => applications },
          ]}
        />
      )}
    </Detail>
  );
}
