import { Button } from "@carbon/react";
import { Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { type Schemas, api, ask, askPage } from "../../api/client";
import * as choices from "../../api/choices";
import { usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { useLoad } from "../../lib/useLoad";
import { FormDialog } from "../../parts/Dialog";
import { Members } from "../../parts/Members";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { TextField } from "../../parts/fields";
import { personColumns } from "../users/columns";
import { DeleteGroup } from "./DeleteGroup";

const above = () => [{ title: t("groups.title"), href: "/groups" }];

export default function GroupDetail({ id }: { id: string }) {
  const session = useSession();
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"rename" | "delete">();
  const path = { params: { path: { id } } };
  const { data: group, problem, reload } = useLoad(() => ask(api.GET("/api/groups/{id}", path)), [id]);
  if (problem && !group)
    return (
      <Page title={t("groups.one")} above={above()}>
        <ProblemNotice problem={problem} onRetry={reload} />
      </Page>
    );
  if (!group) return null;
  const users = (
    <Members
      label={t("groups.members")}
      columns={personColumns()}
      idOf={({ id }: Schemas["UserView"]) => id}
      nameOf={({ name }) => name}
      href={usersOf(session) && (({ id }) => addressOf("/users", id))}
      load={{ all: () => ask(api.GET("/api/groups/{id}/users", path)) }}
      add={{
        button: t("groups.assign_members"),
        heading: t("groups.assign_members"),
        search: t("users.search"),
        find: choices.users(session),
        typed: choices.users(session) ? undefined : t("users.typed"),
        run: (ids) => inTurn(ids, (userId) => ask(api.POST("/api/groups/{id}/users", { ...path, body: { userId } }))),
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ id: userId }) =>
          ask(api.DELETE("/api/groups/{id}/users/{userId}", { params: { path: { id, userId } } })),
        undo: ({ id: userId }) => ask(api.POST("/api/groups/{id}/users", { ...path, body: { userId } })),
      }}
      empty={t("groups.no_members")}
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
      load={{ all: () => ask(api.GET("/api/groups/{id}/roles", path)) }}
      add={{
        button: t("roles.assign"),
        heading: t("groups.assign_roles"),
        search: t("roles.search"),
        find: choices.roles,
        run: (ids) => inTurn(ids, (roleName) => ask(api.POST("/api/groups/{id}/roles", { ...path, body: { roleName } }))),
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ name: roleName }) =>
          ask(api.DELETE("/api/groups/{id}/roles/{roleName}", { params: { path: { id, roleName } } })),
        undo: ({ name: roleName }) => ask(api.POST("/api/groups/{id}/roles", { ...path, body: { roleName } })),
      }}
      empty={t("groups.no_roles")}
    />
  );
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
          (await askPage(api.GET("/api/tenants", { params: { query: { memberId: id, memberType: "GROUP" } } }))).items,
      }}
      add={{
        button: t("tenants.assign"),
        heading: t("tenants.assign"),
        search: t("tenants.search"),
        find: choices.tenants,
        run: (ids) =>
          inTurn(ids, (tenantId) =>
            ask(
              api.POST("/api/tenants/{tenantId}/groups", { params: { path: { tenantId } }, body: { groupIds: [id] } }),
            ),
          ),
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ tenantId }) =>
          ask(api.DELETE("/api/tenants/{tenantId}/groups/{groupId}", { params: { path: { tenantId, groupId: id } } })),
        undo: ({ tenantId }) =>
          ask(api.POST("/api/tenants/{tenantId}/groups", { params: { path: { tenantId } }, body: { groupIds: [id] } })),
      }}
      empty={t("groups.no_tenants")}
    />
  );
  return (
    <Page
      title={group.name}
      above={above()}
      lead={<span className="code">{group.id}</span>}
      actions={
        session.mayWrite && (
          <>
            <Button kind="tertiary" renderIcon={Edit} onClick={() => setDialog("rename")}>
              {t("rename")}
            </Button>
            <Button kind="danger--tertiary" renderIcon={TrashCan} onClick={() => setDialog("delete")}>
              {t("delete")}
            </Button>
          </>
        )
      }
    >
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
      {dialog === "rename" && <RenameGroup group={group} onClose={() => setDialog(undefined)} onDone={reload} />}
      {dialog === "delete" && (
        <DeleteGroup group={group} onClose={() => setDialog(undefined)} onDeleted={() => go("/groups")} />
      )}
    </Page>
  );
}

function RenameGroup({ group, onClose, onDone }: { group: Schemas["GroupView"]; onClose: () => void; onDone: () => void }) {
  const say = useToast();
  const [name, setName] = useState(group.name);
  return (
    <FormDialog
      heading={t("groups.rename")}
      submit={t("save")}
      disabled={!name.trim()}
      onSubmit={async () => {
        await ask(api.PUT("/api/groups/{id}", { params: { path: { id: group.id } }, body: { name } }));
        say({ title: t("saved", { name }) });
        onDone();
      }}
      onClose={onClose}
    >
      {(problem) => (
        <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} data-modal-primary-focus />
      )}
    </FormDialog>
  );
}
