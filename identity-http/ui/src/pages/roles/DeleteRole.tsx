import { api, ask, type Schemas } from "../../api/client";
import { losses } from "../../api/decisions";
import { deleted } from "../../api/queries";
import { KINDS, membersOf, titleOf } from "../../api/roleMembers";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  role: Schemas["RoleView"];
  onClose: () => void;
  /** Leaves the page of the deleted entity. */
  onDeleted?: () => void;
}

export function DeleteRole({ role, onClose, onDeleted }: Props) {
  const { name } = role;
  const title = titleOf(role);
  const session = useSession();
  const say = useToast();
  const consequences = async () => {
    const permissions = await ask(api.GET("/api/roles/{name}/permissions", { params: { path: { name } } }));
    const audiences = [...new Set(permissions.map(({ resourceServerAudience }) => resourceServerAudience))];
    const said: string[] = [];
    if (session.has("memberships")) {
      const none = { search: "", page: 0, size: 1 };
      const totals = await Promise.all(
        KINDS.map(async (kind) => [kind, (await membersOf(name, kind).page(none)).total] as const),
      );
      said.push(...(await losses(session, { deleteRole: name })));
      for (const [kind, count] of totals)
        if (count > 0 && kind !== "USER") said.push(t(`lose.role.of.${kind}`, { count }));
    }
    if (audiences.length > 0 && said.length === 0) said.push(t("lose.permissions", { apis: list(audiences) }));
    return [...said, t("lose.no_undo")];
  };
  return (
    <ConfirmDialog
      heading={t("roles.delete", { name: title })}
      submit={t("delete")}
      consequences={consequences}
      onConfirm={async () => {
        await ask(api.DELETE("/api/roles/{name}", { params: { path: { name } } }));
        say({ title: t("deleted", { name: title }) });
        deleted("roles", name);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
