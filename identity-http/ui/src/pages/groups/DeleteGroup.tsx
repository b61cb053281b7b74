import { type Schemas, api, ask, askPage } from "../../api/client";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  group: Schemas["GroupView"];
  onClose: () => void;
  onDeleted: () => void;
}

/** Deletes a group, after saying who loses what by it. */
export function DeleteGroup({ group: { id, name }, onClose, onDeleted }: Props) {
  const session = useSession();
  const say = useToast();
  const consequences = async () => {
    const path = { params: { path: { id } } };
    const [users, roles, authorizations, tenants] = await Promise.all([
      ask(api.GET("/api/groups/{id}/users", path)),
      ask(api.GET("/api/groups/{id}/roles", path)),
      session.has("authorizations") ? ask(api.GET("/api/groups/{id}/authorizations", path)) : [],
      session.has("tenants")
        ? askPage(api.GET("/api/tenants", { params: { query: { memberId: id, memberType: "GROUP" } } }))
        : { items: [] },
    ]);
    const count = users.length;
    const said = [];
    if (roles.length > 0) said.push(t("lose.roles", { count, roles: list(roles.map(({ name }) => name)) }));
    if (tenants.items.length > 0)
      said.push(t("lose.tenants", { count, tenants: list(tenants.items.map(({ name }) => name)) }));
    if (authorizations.length > 0) said.push(t("lose.authorizations", { count: authorizations.length }));
    if (said.length === 0) said.push(t("lose.membership", { count }));
    return [...said, t("lose.no_undo")];
  };
  return (
    <ConfirmDialog
      heading={t("groups.delete", { name })}
      submit={t("delete")}
      consequences={consequences}
      onConfirm={async () => {
        await ask(api.DELETE("/api/groups/{id}", { params: { path: { id } } }));
        say({ title: t("deleted", { name }) });
        onDeleted();
      }}
      onClose={onClose}
    />
  );
}
