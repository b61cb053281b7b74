import { Locked, Logout, Unlocked } from "@carbon/icons-react";
import { Button } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask } from "../../api/client";
import { joining } from "../../api/decisions";
import { type User, type Users, usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { Detail } from "../../parts/Detail";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { GroupsOf } from "../groups/GroupsOf";
import { RolesOf } from "../roles/RolesOf";
import { SessionList } from "../sessions/SessionList";
import { TenantsOf } from "../tenants/TenantsOf";
import { AccessOf } from "../who/Lines";
import { Inactive } from "./columns";
import { DeleteUser } from "./DeleteUser";
import { EndSessions } from "./EndSessions";
import { Refusals } from "./Refusals";
import { DeactivateUser, ReactivateUser } from "./SetEnabled";
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
      member={{ type: "USER", id }}
      load={(signal) => users.roles(id, signal)}
      add={(name) => users.addRole(id, name)}
      remove={(name) => users.removeRole(id, name)}
      empty={t("users.no_roles")}
    />
  );
  const tenants = <TenantsOf memberType="USER" memberId={id} empty={t("users.no_tenants")} />;
  const join = (group: string) =>
    ask(api.POST("/api/groups/{id}/users", { params: { path: { id: group } }, body: { userId: id } }));
  const leave = (group: string) =>
    ask(api.DELETE("/api/groups/{id}/users/{userId}", { params: { path: { id: group, userId: id } } }));
  const tabs = (user: User) => [
    { id: "roles", title: t("roles.title"), content: () => roles },
    {
      id: "groups",
      title: t("groups.title"),
      content: () => (
        <GroupsOf
          queryKey={["users", id, "groups"]}
          load={(signal) => users.groups(id, signal)}
          add={
            session.has("groups")
              ? {
                  button: t("users.assign_groups"),
                  search: t("groups.search"),
                  find: choices.groups,
                  run: (ids) => inTurn(ids, join),
                  undo: (ids) => inTurn(ids, leave),
                  changes: (ids) => ids.map((group) => joining("GROUP", group, "USER", id)),
                }
              : undefined
          }
          remove={session.has("groups") ? { run: ({ id }) => leave(id), undo: ({ id }) => join(id) } : undefined}
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
      ? [{ id: "sessions", title: t("sessions.title"), content: () => <SessionList username={user.id} /> }]
      : []),
    ...(session.has("audit-log")
      ? [{ id: "refusals", title: t("refusals.title"), content: () => <Refusals actorId={user.id} /> }]
      : []),
  ];
  return (
    <Detail
      loaded={loaded}
      one={t("users.one")}
      above={{ title: t("users.title"), href: "/users" }}
      title={({ name, username }) => name || username}
      managed={({ username }) => (users.inDirectory ? undefined : { type: "USER", id: username })}
      edit={{
        form: (user, onClose) => <UserForm users={users} user={user} onClose={onClose} />,
      }}
      actions={(user) => <Actions users={users} user={user} />}
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
            {user.enabled === false && (
              <>
                <dt>{t("users.state")}</dt>
                <dd>
                  <Inactive user={user} />
                </dd>
              </>
            )}
          </dl>
          <TabPages label={user.username} tabs={tabs(user)} />
        </>
      )}
    </Detail>
  );
}

/** Buttons that deactivate or reactivate the user and end the sessions. */
function Actions({ users, user }: { users: Users; user: User }) {
  const session = useSession();
  const [dialog, setDialog] = useState<"deactivate" | "reactivate" | "sessions">();
  const close = () => setDialog(undefined);
  return (
    <>
      {session.has("sessions") && (
        <Button kind="tertiary" renderIcon={Logout} onClick={() => setDialog("sessions")}>
          {t("sessions.end_all")}
        </Button>
      )}
      {user.enabled === false ? (
        <Button kind="tertiary" renderIcon={Unlocked} onClick={() => setDialog("reactivate")}>
          {t("users.reactivate")}
        </Button>
      ) : (
        <Button kind="tertiary" renderIcon={Locked} onClick={() => setDialog("deactivate")}>
          {t("users.deactivate")}
        </Button>
      )}
      {dialog === "deactivate" && <DeactivateUser users={users} user={user} onClose={close} />}
      {dialog === "reactivate" && <ReactivateUser users={users} user={user} onClose={close} />}
      {dialog === "sessions" && <EndSessions user={user} onClose={close} />}
    </>
  );
}
