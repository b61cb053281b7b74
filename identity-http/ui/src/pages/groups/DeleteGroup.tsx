import { api, ask, type Schemas } from "../../api/client";
import { losses } from "../../api/decisions";
import { deleted } from "../../api/queries";
import { titleOf } from "../../api/roleMembers";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  group: Schemas["GroupView"];
  onClose: () => void;
  /** Leaves the page of the deleted entity. */
  onDeleted?: () => void;
}

/** Confirms the deletion of a group and shows the resulting losses. */
export function DeleteGroup({ group: { id, name }, onClose, onDeleted }: Props) {
  const session = useSession();
  const say = useToast();
  // Changes in a directory cannot be simulated; the losses are derived from the roles of the group.
  const inDirectory = async (count: number) => {
    const roles = await ask(api.GET("/api/groups/{id}/roles", { params: { path: { id } } }));
    return roles.length > 0 ? [t("lose.roles", { count, roles: list(roles.map(titleOf)) })] : [];
  };
  const consequences = async () => {
    const path = { params: { path: { id } } };
    const [users, authorizations, lost] = await Promise.all([
      ask(api.GET("/api/groups/{id}/users", path)),
      session.has("authorizations") && !session.has("memberships")
        ? ask(api.GET("/api/groups/{id}/authorizations", path))
        : [],
      losses(session, { deleteGroup: id }),
    ]);
    const said = lost.length > 0 || session.has("memberships") ? lost : await inDirectory(users.length);
    if (authorizations.length > 0) said.push(t("lose.authorizations", { count: authorizations.length }));
    if (said.length === 0) said.push(t("lose.membership", { count: users.length }));
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
        deleted("groups", id);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
