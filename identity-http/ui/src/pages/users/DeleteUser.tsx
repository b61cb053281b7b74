import { api, askPage } from "../../api/client";
import { deletedAuthorizations } from "../../api/decisions";
import type { User, Users } from "../../api/people";
import { deleted } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  users: Users;
  user: User;
  onClose: () => void;
  /** Leaves the page of the deleted entity. */
  onDeleted?: () => void;
}

export function DeleteUser({ users, user, onClose, onDeleted }: Props) {
  const session = useSession();
  const say = useToast();
  const consequences = async () => {
    const query = { username: user.username, resultSize: 1 };
    const sessions = session.has("sessions")
      ? (await askPage(api.GET("/api/sessions", { params: { query } }))).total
      : 0;
    return [
      t("lose.user", { name: user.name || user.username }),
      ...(sessions > 0 ? [t("lose.sessions", { count: sessions })] : []),
      ...(users.remove ? await deletedAuthorizations(session, { deleteUser: user.username }) : []),
      t("lose.no_undo"),
    ];
  };
  return (
    <ConfirmDialog
      heading={t("users.delete", { name: user.username })}
      submit={t("delete")}
      consequences={consequences}
      onConfirm={async () => {
        await users.remove?.(user.id);
        say({ title: t("deleted", { name: user.username }) });
        deleted("users", user.id);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
