import { useQuery } from "@tanstack/react-query";

import { type User, type Users, usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { Detail } from "../../parts/Detail";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { GroupsOf } from "../groups/GroupsOf";
import { RolesOf } from "../roles/RolesOf";
import { SessionList } from "../sessions/SessionList";
import { TenantsOf } from "../tenants/TenantsOf";
import { AccessOf } from "../who/Lines";
import { DeleteUser } from "./DeleteUser";
import { UserForm } from "./UserForm";

export default function UserDetail({ id }: { id: string }) {
  const users = usersOf(useSession());
  return users && <OfUsers users={users} id={id} />;
}

function OfUsers({ users, id }: { users: Users; id: string }) {
  const session = useSession();
  const loaded = useQuery({ queryKey: ["users", id], queryFn: ({ signal }) => users.find(id, signal) });
  const roles = (
    <RolesOf
      queryKey={["users", id, "roles"]}
      load={(signal) => users.roles(id, signal)}
      add={(name) => users.addRole(id, name)}
      remove={(name) => users.removeRole(id, name)}
      empty={t("users.no_roles")}
    />
  );
  const tenants = <TenantsOf memberType="USER" memberId={id} empty={t("users.no_tenants")} />;
  const tabs = (user: User) => [
    { id: "roles", title: t("roles.title"), content: () => roles },
    {
      id: "groups",
      title: t("groups.title"),
      content: () => (
        <GroupsOf
          queryKey={["users", id, "groups"]}
          load={(signal) => users.groups(id, signal)}
          empty={t("users.no_groups")}
        />
      ),
    },
    ...(session.has("tenants") ? [{ id: "tenants", title: t("tenants.title"), content: () => tenants }] : []),
    {
      id: "authorizations",
      title: t("authorizations.title"),
      content: () => <ResourceGrants ownerType="USER" ownerId={user.id} />,
    },
    ...(session.has("decisions")
      ? [{ id: "access", title: t("access.title"), content: () => <AccessOf type="user" id={user.id} /> }]
      : []),
    ...(session.has("sessions")
      ? [{ id: "sessions", title: t("sessions.title"), content: () => <SessionList username={user.username} /> }]
      : []),
  ];
  return (
    <Detail
      loaded={loaded}
      one={t("users.one")}
      above={{ title: t("users.title"), href: "/users" }}
      title={({ name, username }) => name || username}
      edit={{
        form: (user, onClose) => <UserForm users={users} user={user} onClose={onClose} />,
      }}
      remove={
        users.remove &&
        ((user, onDeleted, onClose) => <DeleteUser users={users} user={user} onDeleted={onDeleted} onClose={onClose} />)
      }
    >
      {(user) => (
        <>
          <dl className="facts">
            <dt>{t("username")}</dt>
            <dd className="code">{user.username}</dd>
            <dt>{t("email")}</dt>
            <dd>{user.email || "–"}</dd>
          </dl>
          <TabPages label={user.username} tabs={tabs(user)} />
        </>
      )}
    </Detail>
  );
}
