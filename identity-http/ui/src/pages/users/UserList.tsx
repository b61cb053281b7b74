import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { type User, usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
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
        empty={{ title: t("users.none"), text: t("users.none_text") }}
      />
      {creating && (
        <UserForm users={users} onCreated={(id) => go(addressOf("/users", id))} onClose={() => setCreating(false)} />
      )}
      {deleting && <DeleteUser users={users} user={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}
