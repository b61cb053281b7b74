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
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { RolesOf } from "../roles/RolesOf";
import { TenantsOf } from "../tenants/TenantsOf";
import { DeleteGroup } from "./DeleteGroup";

export default function GroupDetail({ id }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { id } } };
  const read = (signal?: AbortSignal) => askVersioned(api.GET("/api/groups/{id}", { ...path, signal }));
  const loaded = useQuery({
    queryKey: ["groups", id],
    queryFn: ({ signal }) => read(signal),
  });
  // Only the Orchestration Cluster API changes descriptions.
  const described = session.has("cluster-groups");
  const roles = (
    <RolesOf
      queryKey={["groups", id, "roles"]}
      member={{ type: "GROUP", id }}
      load={(signal) => ask(api.GET("/api/groups/{id}/roles", { ...path, signal }))}
      add={(roleName) => ask(api.POST("/api/groups/{id}/roles", { ...path, body: { roleName } }))}
      remove={(roleName) =>
        ask(api.DELETE("/api/groups/{id}/roles/{roleName}", { params: { path: { id, roleName } } }))
      }
      heading={t("groups.assign_roles")}
      empty={t("groups.no_roles")}
    />
  );
  const tenants = <TenantsOf memberType="GROUP" memberId={id} empty={t("groups.no_tenants")} />;
  const [users, ...others] = memberTabs(kindsOf(session, "groups"), { type: "groups", id });
  return (
    <Detail
      loaded={loaded}
      one={t("groups.one")}
      above={{ title: t("groups.title"), href: "/groups" }}
      title={({ name }) => name}
      lead={({ id, description }) => <Described id={id} description={description} />}
      managed={({ id }) => ({ type: "GROUP", id })}
      edit={{
        text: described ? undefined : t("rename"),
        form: (group, onClose) => (
          <WordsForm
            shownAs={["curl", "yaml"]}
            heading={t(described ? "groups.edit" : "groups.rename")}
            submit={t("save")}
            fields={[
              { name: "name", label: t("name"), value: group.name },
              ...(described
                ? [{ name: "description", label: t("description"), value: group.description, optional: true } as const]
                : []),
            ]}
            edited={{ entity: group, audited: { entityType: "GROUP", entityKey: id }, reload: read }}
            onSubmit={async ({ name, description }, headers) => {
              const cluster = { params: { path: { groupId: id } }, body: { name, description }, headers };
              await (described
                ? ask(api.PUT("/v2/groups/{groupId}", cluster))
                : ask(api.PUT("/api/groups/{id}", { ...path, body: { name }, headers })));
              say({ title: t("saved", { name }) });
              changed(["groups", id]);
            }}
            onClose={onClose}
          />
        ),
      }}
      remove={(group, onDeleted, onClose) => <DeleteGroup group={group} onDeleted={onDeleted} onClose={onClose} />}
    >
      {(group) => (
        <TabPages
          label={group.name}
          tabs={[
            ...(users ? [users] : []),
            { id: "roles", title: t("roles.title"), content: () => roles },
            ...others,
            ...(session.has("tenants") ? [{ id: "tenants", title: t("tenants.title"), content: () => tenants }] : []),
            {
              id: "authorizations",
              title: t("authorizations.title"),
              content: () => <ResourceGrants ownerType="GROUP" ownerId={id} />,
            },
          ]}
        />
      )}
    </Detail>
  );
}
