import { Button } from "@carbon/react";
import { Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import * as choices from "../../api/choices";
import { type Schemas, api, ask } from "../../api/client";
import { usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { useLoad } from "../../lib/useLoad";
import { FormDialog } from "../../parts/Dialog";
import { Members } from "../../parts/Members";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { TabPages } from "../../parts/TabPages";
import { TextField } from "../../parts/fields";
import { personColumns } from "../users/columns";
import { DeleteTenant } from "./DeleteTenant";

const above = () => [{ title: t("tenants.title"), href: "/tenants" }];

export default function TenantDetail({ id: tenantId }: { id: string }) {
  const session = useSession();
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"rename" | "delete">();
  const path = { params: { path: { tenantId } } };
  const { data: tenant, problem, reload } = useLoad(() => ask(api.GET("/api/tenants/{tenantId}", path)), [tenantId]);
  if (problem && !tenant)
    return (
      <Page title={t("tenants.one")} above={above()}>
        <ProblemNotice problem={problem} onRetry={reload} />
      </Page>
    );
  if (!tenant) return null;
  const isDefault = tenantId === "<default>";
  const addUsers = (userIds: string[]) => ask(api.POST("/api/tenants/{tenantId}/users", { ...path, body: { userIds } }));
  const users = (
    <Members
      label={t("tenants.users")}
      columns={personColumns()}
      idOf={({ id }: Schemas["UserView"]) => id}
      nameOf={({ name }) => name}
      href={usersOf(session) && (({ id }) => addressOf("/users", id))}
      load={{ all: () => ask(api.GET("/api/tenants/{tenantId}/users", path)) }}
      add={{
        button: t("tenants.assign_users"),
        heading: t("tenants.assign_users"),
        search: t("users.search"),
        find: choices.users(session),
        typed: choices.users(session) ? undefined : t("users.typed"),
        run: addUsers,
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ id: userId }) =>
          ask(api.DELETE("/api/tenants/{tenantId}/users/{userId}", { params: { path: { tenantId, userId } } })),
        undo: ({ id }) => addUsers([id]),
      }}
      empty={t("tenants.no_users")}
    />
  );
  const addGroups = (groupIds: string[]) =>
    ask(api.POST("/api/tenants/{tenantId}/groups", { ...path, body: { groupIds } }));
  const groups = (
    <Members
      label={t("groups.title")}
      columns={[{ key: "name", header: t("name"), cell: ({ name }: Schemas["GroupReference"]) => name }]}
      idOf={({ id }) => id}
      nameOf={({ name }) => name}
      href={({ id }) => addressOf("/groups", id)}
      load={{ all: () => ask(api.GET("/api/tenants/{tenantId}/groups", path)) }}
      add={{
        button: t("tenants.assign_groups"),
        heading: t("tenants.assign_groups"),
        search: t("groups.search"),
        find: choices.groups,
        run: addGroups,
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ id: groupId }) =>
          ask(api.DELETE("/api/tenants/{tenantId}/groups/{groupId}", { params: { path: { tenantId, groupId } } })),
        undo: ({ id }) => addGroups([id]),
      }}
      empty={t("tenants.no_groups")}
    />
  );
  const addApplications = (applicationIds: string[]) =>
    ask(api.POST("/api/tenants/{tenantId}/applications", { ...path, body: { applicationIds } }));
  const applications = (
    <Members
      label={t("tenants.applications")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }: Schemas["ApplicationView"]) => name },
        { key: "clientId", header: t("tenants.client_id"), cell: ({ clientId }) => <span className="code">{clientId}</span> },
      ]}
      idOf={({ clientId }) => clientId}
      nameOf={({ name }) => name}
      load={{ all: () => ask(api.GET("/api/tenants/{tenantId}/applications", path)) }}
      add={{
        button: t("tenants.assign_applications"),
        heading: t("tenants.assign_applications"),
        search: t("clients.search"),
        find: choices.applications(session),
        typed: choices.applications(session) ? undefined : t("tenants.client_id"),
        run: addApplications,
      }}
      remove={{
        label: ({ name }) => t("members.remove", { name }),
        run: ({ clientId }) =>
          ask(
            api.DELETE("/api/tenants/{tenantId}/applications/{clientId}", { params: { path: { tenantId, clientId } } }),
          ),
        undo: ({ clientId }) => addApplications([clientId]),
      }}
      empty={t("tenants.no_applications")}
    />
  );
  return (
    <Page
      title={tenant.name}
      above={above()}
      lead={<span className="code">{tenantId}</span>}
      actions={
        session.mayWrite &&
        !isDefault && (
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
        label={tenant.name}
        tabs={[
          { id: "users", title: t("tenants.users"), content: () => users },
          { id: "groups", title: t("groups.title"), content: () => groups },
          { id: "applications", title: t("tenants.applications"), content: () => applications },
        ]}
      />
      {dialog === "rename" && <RenameTenant tenant={tenant} onClose={() => setDialog(undefined)} onDone={reload} />}
      {dialog === "delete" && (
        <DeleteTenant tenant={tenant} onClose={() => setDialog(undefined)} onDeleted={() => go("/tenants")} />
      )}
    </Page>
  );
}

interface RenameProps {
  tenant: Schemas["TenantView"];
  onClose: () => void;
  onDone: () => void;
}

function RenameTenant({ tenant: { tenantId, name: old }, onClose, onDone }: RenameProps) {
  const say = useToast();
  const [name, setName] = useState(old);
  return (
    <FormDialog
      heading={t("tenants.rename")}
      submit={t("save")}
      disabled={!name.trim()}
      onSubmit={async () => {
        await ask(api.PUT("/api/tenants/{tenantId}", { params: { path: { tenantId } }, body: { name } }));
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
