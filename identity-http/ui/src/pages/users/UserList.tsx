import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import * as choices from "../../api/choices";
import { api, ask } from "../../api/client";
import { joining } from "../../api/decisions";
import { type Holder, membersOf } from "../../api/members";
import { type User, type Users, usersOf } from "../../api/people";
import { type Session, useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { type BulkAction, deletion } from "../../parts/BulkDialog";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { personColumns } from "./columns";
import { DeleteUser } from "./DeleteUser";
import { UserForm } from "./UserForm";

export default function UserList() {
  const session = useSession();
  const users = usersOf(session);
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<User>();
  if (!users) return null;
  return (
    <Page title={t("users.title")} lead={t("users.lead")}>
      <Listing<User>
        label={t("users.title")}
        search={t("users.search")}
        queryKey={["users"]}
        load={users.list}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/users", id)}
        alike={{ kind: "USER", id: ({ username }) => username }}
        columns={personColumns(users.sorts)}
        tools={<Create text={t("users.create")} onClick={() => setCreating(true)} />}
        actions={
          session.mayWrite && users.remove
            ? [{ label: ({ username }) => t("delete_named", { name: username }), icon: TrashCan, onClick: setDeleting }]
            : []
        }
        bulk={
          session.mayWrite
            ? { actions: bulkOf(session, users), nameOf: ({ name, username }) => name || username }
            : undefined
        }
        empty={{ title: t("users.none"), text: t("users.none_text") }}
      />
      {creating && (
        <UserForm users={users} onCreated={(id) => go(addressOf("/users", id))} onClose={() => setCreating(false)} />
      )}
      {deleting && <DeleteUser users={users} user={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}

/** Actions on several users, as far as the session offers them. */
function bulkOf(session: Session, users: Users): BulkAction<User>[] {
  const group = (id: string): Holder => ({ type: "groups", id });
  return [
    ...(session.has("groups")
      ? [
          {
            label: t("bulk.assign_group"),
            target: { label: t("groups.one"), find: choices.groups },
            change: (user: User, id: string) => joining("GROUP", id, "USER", user.id),
            run: (user: User, id: string) => membersOf(session, group(id), "USER").add([user.id]),
          },
        ]
      : []),
    {
      label: t("bulk.assign_role"),
      target: { label: t("roles.one"), find: choices.roles },
      change: (user, role) => joining("ROLE", role, "USER", user.id),
      run: (user, role) => users.addRole(user.id, role),
    },
    ...(session.has("sessions")
      ? [
          {
            label: t("bulk.end_sessions"),
            run: (user: User) => ask(api.DELETE("/api/sessions", { params: { query: { username: user.id } } })),
          },
        ]
      : []),
    {
      label: t("users.deactivate"),
      danger: true,
      unless: ({ enabled }) => !enabled,
      change: (user) => (users.inDirectory ? [] : { deactivateUser: user.id }),
      run: (user) => users.setEnabled(user.id, false),
      changes: ["users"],
    },
    ...(users.remove
      ? [
          deletion<User>("users", {
            change: ({ username }) => ({ deleteUser: username }),
            run: async ({ id }) => users.remove?.(id, {}),
          }),
        ]
      : []),
  ];
}
