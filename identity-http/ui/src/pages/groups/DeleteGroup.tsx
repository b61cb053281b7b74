import { api, ask, type Schemas } from "../../api/client";
import { losses } from "../../api/decisions";
import { countOf, lostMembers } from "../../api/members";
import { deleted } from "../../api/queries";
import { titleOf } from "../../api/roles";
import { askVersioned } from "../../api/versions";
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
  const path = { params: { path: { id } } };
  // Changes in a directory cannot be simulated; the losses are derived from the roles of the group.
  const inDirectory = async () => {
    const [users, roles, authorizations] = await Promise.all([
      countOf(session, { type: "groups", id }, "USER"),
      ask(api.GET("/api/groups/{id}/roles", path)),
      session.has("authorizations") ? ask(api.GET("/api/groups/{id}/authorizations", path)) : [],
    ]);
    const said = [
      ...(roles.length > 0 ? [t("lose.roles", { count: users, roles: list(roles.map(titleOf)) })] : []),
      ...(authorizations.length > 0 ? [t("lose.authorizations", { count: authorizations.length })] : []),
    ];
    return said.length > 0 ? said : [t("lose.membership", { count: users })];
  };
  const stored = async () => {
    const [members, lost] = await Promise.all([
      lostMembers(session, { type: "groups", id }),
      losses(session, { deleteGroup: id }),
    ]);
    return [...members, ...lost];
  };
  const consequences = async () => [
    ...(await (session.has("memberships") ? stored() : inDirectory())),
    t("lose.no_undo"),
  ];
  return (
    <ConfirmDialog
      heading={t("groups.delete", { name })}
      submit={t("delete")}
      consequences={consequences}
      entity={() => askVersioned(api.GET("/api/groups/{id}", { params: { path: { id } } }))}
      managed={{ type: "GROUP", id }}
      onConfirm={async (headers) => {
        await ask(api.DELETE("/api/groups/{id}", { params: { path: { id } }, headers }));
        say({ title: t("deleted", { name }) });
        deleted("groups", id);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
