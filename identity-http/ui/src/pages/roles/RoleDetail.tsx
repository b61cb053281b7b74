import { useQuery } from "@tanstack/react-query";

import * as choices from "../../api/choices";
import { api, ask } from "../../api/client";
import { changed } from "../../api/queries";
import { KINDS, type Kind, membersOf, titleOf } from "../../api/roleMembers";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { Detail } from "../../parts/Detail";
import { Members } from "../../parts/Members";
import { PermissionList } from "../../parts/PermissionList";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteRole } from "./DeleteRole";

export default function RoleDetail({ id }: { id: string }) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { name: id } } };
  const loaded = useQuery({
    queryKey: ["roles", id],
    queryFn: ({ signal }) => ask(api.GET("/api/roles/{name}", { ...path, signal })),
  });
  // Mapping rules apply to tokens; profiles without tokens have none.
  const there = (kind: Kind) => session.has("memberships") && (kind !== "MAPPING_RULE" || session.has("mapping-rules"));
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
    />
  );
  return (
    <Detail
      loaded={loaded}
      one={t("roles.one")}
      above={{ title: t("roles.title"), href: "/roles" }}
      title={titleOf}
      lead={({ description }) => description}
      edit={{
        form: (role, onClose) => (
          <WordsForm
            heading={t("roles.edit")}
            submit={t("save")}
            fields={[
              ...(session.has("memberships")
                ? [{ name: "displayName", label: t("name"), value: titleOf(role) } as const]
                : []),
              { name: "description", label: t("description"), value: role.description, optional: true },
            ]}
            onSubmit={async (body) => {
              await ask(api.PUT("/api/roles/{name}", { ...path, body }));
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
            ...KINDS.filter(there).map((kind) => ({
              id: kind,
              title: t(`roles.${kind}`),
              content: () => <MembersOfKind key={kind} role={id} kind={kind} />,
            })),
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

/** Direct members of a role, of one kind. */
function MembersOfKind({ role, kind }: { role: string; kind: Kind }) {
  const session = useSession();
  const members = membersOf(role, kind);
  const find: Record<Kind, choices.Find | undefined> = {
    USER: choices.users(session),
    GROUP: choices.groups,
    MAPPING_RULE: choices.mappingRules,
    APPLICATION: choices.applications(session),
  };
  return (
    <Members
      label={t(`roles.${kind}`)}
      columns={[{ key: "id", header: t("id"), cell: ({ name }) => name }]}
      idOf={({ id }) => id}
      nameOf={({ name }) => name}
      queryKey={["roles", role, kind]}
      load={{ page: members.page }}
      add={{
        button: t(`roles.assign_${kind}`),
        search: t(`roles.search_${kind}`),
        find: find[kind],
        typed: find[kind] ? undefined : t(`roles.typed_${kind}`),
        run: (ids) => inTurn(ids, members.add),
      }}
      remove={{ run: ({ id }) => members.remove(id), undo: ({ id }) => members.add(id) }}
      empty={t(`roles.no_${kind}`)}
    />
  );
}
