import { useQuery } from "@tanstack/react-query";

import { api, ask } from "../../api/client";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { Detail } from "../../parts/Detail";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { RolesOf } from "../roles/RolesOf";
import { TenantsOf } from "../tenants/TenantsOf";
import { PeopleIn } from "../users/PeopleIn";
import { DeleteGroup } from "./DeleteGroup";

export default function GroupDetail({ id }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { id } } };
  const loaded = useQuery({
    queryKey: ["groups", id],
    queryFn: ({ signal }) => ask(api.GET("/api/groups/{id}", { ...path, signal })),
  });
  const users = (
    <PeopleIn
      label={t("groups.members")}
      button={t("groups.assign_members")}
      queryKey={["groups", id, "users"]}
      load={(signal) => ask(api.GET("/api/groups/{id}/users", { ...path, signal }))}
      add={(ids) => inTurn(ids, (userId) => ask(api.POST("/api/groups/{id}/users", { ...path, body: { userId } })))}
      remove={(userId) => ask(api.DELETE("/api/groups/{id}/users/{userId}", { params: { path: { id, userId } } }))}
      empty={t("groups.no_members")}
    />
  );
  const roles = (
    <RolesOf
      queryKey={["groups", id, "roles"]}
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
  return (
    <Detail
      loaded={loaded}
      one={t("groups.one")}
      above={{ title: t("groups.title"), href: "/groups" }}
      title={({ name }) => name}
      lead={({ id }) => <span className="code">{id}</span>}
      edit={{
        text: t("rename"),
        form: ({ name: old }, onClose) => (
          <WordsForm
            heading={t("groups.rename")}
            submit={t("save")}
            fields={[{ name: "name", label: t("name"), value: old }]}
            onSubmit={async ({ name }) => {
              await ask(api.PUT("/api/groups/{id}", { ...path, body: { name } }));
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
            { id: "members", title: t("groups.members"), content: () => users },
            { id: "roles", title: t("roles.title"), content: () => roles },
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
