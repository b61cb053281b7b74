import { Button } from "@carbon/react";
import { Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import * as choices from "../../api/choices";
import { type Schemas, api, ask, askPage } from "../../api/client";
import { usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { useLoad } from "../../lib/useLoad";
import { Members } from "../../parts/Members";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { SessionList } from "../sessions/SessionList";
import { DeleteUser } from "./DeleteUser";
import { UserForm } from "./UserForm";

const above = () => [{ title: t("users.title"), href: "/users" }];

export default function UserDetail({ id }: { id: string }) {
  const session = useSession();
  const users = usersOf(session);
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"edit" | "delete">();
  const { data: user, problem, reload } = useLoad(async () => users?.find(id), [id]);
  if (!users) return null;
  if (problem && !user)
    return (
      <Page title={t("users.one")} above={above()}>
        <ProblemNotice problem={problem} onRetry={reload} />
      </Page>
    );
  if (!user) return null;
  const assign = (tenantId: string) =>
    ask(api.POST("/api/tenants/{tenantId}/users", { params: { path: { tenantId } }, body: { userIds: [id] } }));
  const tenants = (
    <Members
      label={t("tenants.title")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }: Schemas["TenantView"]) => name },
        { key: "id", header: t("id"), cell: ({ tenantId }) => <span className="code">{tenantId}</span>, minor: true },
      ]}
      idOf={({ tenantId }) => tenantId}
      nameOf={({ name }) => name}
      href={({ tenantId }) => addressOf("/tenants", tenantId)}
      load={{
        all: async () =>
          (await askPage(api.GET("/api/tenants", { params: { query: { memberId: id, memberType: "USER" } } }))).items,
      }}
      add={{
        button: t("tenants.assign"),
        heading: t("tenants.assign"),
        search: t("tenants.search"),
        find: choices.tenants,
        run: (ids) => inTurn(ids, assign),
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ tenantId }) =>
          ask(api.DELETE("/api/tenants/{tenantId}/users/{userId}", { params: { path: { tenantId, userId: id } } })),
        undo: ({ tenantId }) => assign(tenantId),
      }}
      empty={t("users.no_tenants")}
    />
  );
  const roles = (
    <Members
      label={t("roles.title")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }: Schemas["RoleView"]) => name },
        { key: "description", header: t("description"), cell: ({ description }) => description, minor: true },
      ]}
      idOf={({ name }) => name}
      nameOf={({ name }) => name}
      href={({ name }) => addressOf("/roles", name)}
      load={{ all: () => users.roles(id) }}
      add={{
        button: t("roles.assign"),
        heading: t("roles.assign"),
        search: t("roles.search"),
        find: choices.roles,
        run: (names) => inTurn(names, (name) => users.addRole(id, name)),
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ name }) => users.removeRole(id, name),
        undo: ({ name }) => users.addRole(id, name),
      }}
      empty={t("users.no_roles")}
    />
  );
  const groups = (
    <Members
      label={t("groups.title")}
      columns={[{ key: "name", header: t("name"), cell: ({ name }: Schemas["GroupReference"]) => name }]}
      idOf={({ id }) => id}
      nameOf={({ name }) => name}
      href={({ id }) => addressOf("/groups", id)}
      load={{ all: () => users.groups(id) }}
      empty={t("users.no_groups")}
    />
  );
  return (
    <Page
      title={user.name || user.username}
      above={above()}
      actions={
        session.mayWrite && (
          <>
            <Button kind="tertiary" renderIcon={Edit} onClick={() => setDialog("edit")}>
              {t("edit")}
            </Button>
            {users.remove && (
              <Button kind="danger--tertiary" renderIcon={TrashCan} onClick={() => setDialog("delete")}>
                {t("delete")}
              </Button>
            )}
          </>
        )
      }
    >
      <dl className="facts">
        <dt>{t("username")}</dt>
        <dd className="code">{user.username}</dd>
        <dt>{t("email")}</dt>
        <dd>{user.email || "–"}</dd>
      </dl>
      <TabPages
        label={user.username}
        tabs={[
          { id: "roles", title: t("roles.title"), content: () => roles },
          { id: "groups", title: t("groups.title"), content: () => groups },
          ...(session.has("tenants") ? [{ id: "tenants", title: t("tenants.title"), content: () => tenants }] : []),
          {
            id: "authorizations",
            title: t("authorizations.title"),
            content: () => <ResourceGrants ownerType="USER" ownerId={user.id} />,
          },
          ...(session.has("sessions")
            ? [{ id: "sessions", title: t("sessions.title"), content: () => <SessionList username={user.username} /> }]
            : []),
        ]}
      />
      {dialog === "edit" && <UserForm users={users} user={user} onDone={reload} onClose={() => setDialog(undefined)} />}
      {dialog === "delete" && (
        <DeleteUser users={users} user={user} onClose={() => setDialog(undefined)} onDeleted={() => go("/users")} />
      )}
    </Page>
  );
}
