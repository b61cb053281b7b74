import { useQuery } from "@tanstack/react-query";

import { api, ask } from "../../api/client";
import { kindsOf } from "../../api/members";
import { changed } from "../../api/queries";
import { titleOf, withPermissions } from "../../api/roles";
import { askVersioned } from "../../api/versions";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { Described } from "../../parts/Described";
import { Detail } from "../../parts/Detail";
import { memberTabs } from "../../parts/MembersOf";
import { PermissionList } from "../../parts/PermissionList";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteRole } from "./DeleteRole";

export default function RoleDetail({ id }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { name: id } } };
  const read = (signal?: AbortSignal) => askVersioned(api.GET("/api/roles/{name}", { ...path, signal }));
  const loaded = useQuery({
    queryKey: ["roles", id],
    queryFn: ({ signal }) => read(signal),
  });
  const permissions = (
    <PermissionList
      queryKey={["roles", id, "permissions"]}
      load={(signal) => ask(api.GET("/api/roles/{name}/permissions", { ...path, signal }))}
      grant={(body) => ask(api.POST("/api/roles/{name}/permissions", { ...path, body }))}
      revoke={({ definition, resourceServerAudience }) =>
        ask(
          api.DELETE("/api/roles/{name}/permissions/{resourceServerAudience}/{definition}", {
            params: { path: { name: id, resourceServerAudience, definition } },
          }),
        )
      }
      reaches={t("reach.role", { role: loaded.data ? titleOf(loaded.data) : id })}
      change={(permissions) => withPermissions(id, permissions)}
      isFixed={session.isProtected("ROLE", id)}
    />
  );
  return (
    <Detail
      loaded={loaded}
      one={t("roles.one")}
      above={{ title: t("roles.title"), href: "/roles" }}
      title={titleOf}
      lead={({ name, displayName, description }) => (
        <Described id={displayName ? name : undefined} description={description} />
      )}
      managed={({ name }) => ({ type: "ROLE", id: name })}
      isFixed={({ name }) => session.isProtected("ROLE", name)}
      edit={{
        form: (role, onClose) => (
          <WordsForm
            shownAs={["curl", "yaml"]}
            heading={t("roles.edit")}
            submit={t("save")}
            fields={[
              ...(session.has("memberships")
                ? [{ name: "displayName", label: t("name"), value: titleOf(role) } as const]
                : []),
              { name: "description", label: t("description"), value: role.description, optional: true },
            ]}
            edited={{
              entity: role,
              audited: { entityType: "ROLE", entityKey: id },
              reload: read,
              fieldsOf: (role: typeof loaded.data & object) => ({
                displayName: titleOf(role),
                description: role.description,
              }),
            }}
            onSubmit={async (body, headers) => {
              await ask(api.PUT("/api/roles/{name}", { ...path, body, headers }));
              say({ title: t("saved", { name: titleOf(role) }) });
              changed(["roles", id]);
            }}
            onClose={onClose}
          />
        ),
      }}
      remove={(role, onDeleted, onClose) => <DeleteRole role={role} onDeleted={onDeleted} onClose={onClose} />}
    >
      {(role) => (
        <TabPages
          label={titleOf(role)}
          tabs={[
            { id: "permissions", title: t("roles.permissions"), content: () => permissions },
            ...memberTabs(kindsOf(session, "roles"), { type: "roles", id }),
            {
              id: "authorizations",
              title: t("authorizations.title"),
              content: () => <ResourceGrants ownerType="ROLE" ownerId={id} />,
            },
          ]}
        />
      )}
    </Detail>
  );
}
