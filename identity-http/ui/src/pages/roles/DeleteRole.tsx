import { api, ask, type Schemas } from "../../api/client";
import { losses } from "../../api/decisions";
import { lostMembers } from "../../api/members";
import { deleted } from "../../api/queries";
import { titleOf } from "../../api/roles";
import { askVersioned } from "../../api/versions";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

/** States which APIs roles give access to. */
export async function lostApis(names: readonly string[]): Promise<string[]> {
  const permissions = await Promise.all(
    names.map((name) => ask(api.GET("/api/roles/{name}/permissions", { params: { path: { name } } }))),
  );
  const apis = [...new Set(permissions.flat().map(({ resourceServerAudience }) => resourceServerAudience))];
  return apis.length > 0 ? [t("lose.permissions", { apis: list(apis) })] : [];
}

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
    const said: string[] = [];
    if (session.has("memberships")) {
      const [lost, members] = await Promise.all([
        losses(session, { deleteRole: name }),
        lostMembers(session, { type: "roles", id: name }),
      ]);
      said.push(...lost, ...members);
    }
    return [...(said.length > 0 ? said : await lostApis([name])), t("lose.no_undo")];
  };
  return (
    <ConfirmDialog
      heading={t("roles.delete", { name: title })}
      submit={t("delete")}
      consequences={consequences}
      entity={() => askVersioned(api.GET("/api/roles/{name}", { params: { path: { name } } }))}
      managed={{ type: "ROLE", id: name }}
      onConfirm={async (headers) => {
        await ask(api.DELETE("/api/roles/{name}", { params: { path: { name } }, headers }));
        say({ title: t("deleted", { name: title }) });
        deleted("roles", name);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
