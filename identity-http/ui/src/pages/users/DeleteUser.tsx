import type { User, Users } from "../../api/people";
import { deleted } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";
import { consequences } from "./consequences";

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
  const losses = async () => [
    t("lose.user", { name: user.name || user.username }),
    ...(await consequences(session, users, user, { deleteUser: user.username })),
    t("lose.no_undo"),
  ];
  return (
    <ConfirmDialog
      heading={t("users.delete", { name: user.username })}
      submit={t("delete")}
      consequences={losses}
      entity={() => users.find(user.id)}
      managed={users.inDirectory ? undefined : { type: "USER", id: user.username }}
      onConfirm={async (headers) => {
        await users.remove?.(user.id, headers);
        say({ title: t("deleted", { name: user.username }) });
        deleted("users", user.id);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
