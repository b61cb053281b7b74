import { Button } from "@carbon/react";
import { Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import * as choices from "../../api/choices";
import { type Schemas, api, ask } from "../../api/client";
import { KINDS, type Kind, membersOf } from "../../api/roleMembers";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { useLoad } from "../../lib/useLoad";
import { FormDialog } from "../../parts/Dialog";
import { Members } from "../../parts/Members";
import { Page } from "../../parts/Page";
import { PermissionList } from "../../parts/PermissionList";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { TextField } from "../../parts/fields";
import { DeleteRole } from "./DeleteRole";

const above = () => [{ title: t("roles.title"), href: "/roles" }];

export default function RoleDetail({ id }: { id: string }) {
  const session = useSession();
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"edit" | "delete">();
  const path = { params: { path: { name: id } } };
  const { data: role, problem, reload } = useLoad(() => ask(api.GET("/api/roles/{name}", path)), [id]);
  if (problem && !role)
    return (
      <Page title={t("roles.one")} above={above()}>
        <ProblemNotice problem={problem} onRetry={reload} />
      </Page>
    );
  if (!role) return null;
  const find: Record<Kind, choices.Find | undefined> = {
    USER: choices.users(session),
    GROUP: choices.groups,
    MAPPING_RULE: choices.mappingRules,
    APPLICATION: choices.applications(session),
  };
  // Rules match tokens: without tokens there are none.
  const kinds = KINDS.filter((kind) => kind !== "MAPPING_RULE" || session.has("mapping-rules"));
  return (
    <Page
      title={role.name}
      above={above()}
      lead={role.description}
      actions={
        session.mayWrite && (
          <>
            <Button kind="tertiary" renderIcon={Edit} onClick={() => setDialog("edit")}>
              {t("edit")}
            </Button>
            <Button kind="danger--tertiary" renderIcon={TrashCan} onClick={() => setDialog("delete")}>
              {t("delete")}
            </Button>
          </>
        )
      }
    >
      <TabPages
        label={role.name}
        tabs={[
          { id: "permissions", title: t("roles.permissions"), content: () => (
              <PermissionList
                load={() => ask(api.GET("/api/roles/{name}/permissions", path))}
                grant={(body) => ask(api.POST("/api/roles/{name}/permissions", { ...path, body }))}
                revoke={({ definition, resourceServerAudience }) =>
                  ask(
                    api.DELETE("/api/roles/{name}/permissions/{resourceServerAudience}/{definition}", {
                      params: { path: { name: id, resourceServerAudience, definition } },
                    }),
                  )
                }
              />
            ) },
          ...(session.has("memberships")
            ? kinds.map((kind) => ({
                id: kind,
                title: t(`roles.${kind}`),
                content: () => (
                  <Members
                    key={kind}
                    label={t(`roles.${kind}`)}
                    columns={[{ key: "id", header: t("id"), cell: ({ name }) => name }]}
                    idOf={({ id }) => id}
                    nameOf={({ name }) => name}
                    load={{ page: membersOf(id, kind).page }}
                    add={{
                      button: t(`roles.assign_${kind}`),
                      heading: t(`roles.assign_${kind}`),
                      search: t(`roles.search_${kind}`),
                      find: find[kind],
                      typed: find[kind] ? undefined : t(`roles.typed_${kind}`),
                      run: (ids) => inTurn(ids, membersOf(id, kind).add),
                    }}
                    remove={{
                      label: ({ name }) => t("members.remove", { name }),
                      run: ({ id }) => membersOf(id, kind).remove(id),
                      undo: ({ id }) => membersOf(id, kind).add(id),
                    }}
                    empty={t(`roles.no_${kind}`)}
                  />
                ),
              }))
            : []),
          {
            id: "authorizations",
            title: t("authorizations.title"),
            content: () => <ResourceGrants ownerType="ROLE" ownerId={id} />,
          },
        ]}
      />
      {dialog === "edit" && <EditRole role={role} onClose={() => setDialog(undefined)} onDone={reload} />}
      {dialog === "delete" && (
        <DeleteRole role={role} onClose={() => setDialog(undefined)} onDeleted={() => go("/roles")} />
      )}
    </Page>
  );
}

function EditRole({ role, onClose, onDone }: { role: Schemas["RoleView"]; onClose: () => void; onDone: () => void }) {
  const say = useToast();
  const [description, setDescription] = useState(role.description);
  return (
    <FormDialog
      heading={t("roles.edit")}
      submit={t("save")}
      onSubmit={async () => {
        await ask(api.PUT("/api/roles/{name}", { params: { path: { name: role.name } }, body: { description } }));
        say({ title: t("saved", { name: role.name }) });
        onDone();
      }}
      onClose={onClose}
    >
      {(problem) => (
        <TextField
          name="description"
          labelText={t("description")}
          value={description}
          onValue={setDescription}
          problem={problem}
          data-modal-primary-focus
        />
      )}
    </FormDialog>
  );
}
