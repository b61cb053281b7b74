import type { User, Users } from "../../api/people";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog, FormDialog } from "../../parts/Dialog";
import { consequences } from "./consequences";

interface Props {
  users: Users;
  user: User;
  onClose: () => void;
}

/** Confirmation of a deactivation, with what the user loses. */
export function DeactivateUser({ users, user, onClose }: Props) {
  const session = useSession();
  const say = useToast();
  const name = user.name || user.username;
  return (
    <ConfirmDialog
      heading={t("users.deactivate_heading", { name })}
      submit={t("users.deactivate")}
      consequences={async () => [
        t("lose.inactive", { name }),
        ...(await consequences(session, users, user, { deactivateUser: user.username })),
        t("users.remains"),
      ]}
      onConfirm={async () => {
        await users.setEnabled(user.id, false);
        const undo = () => users.setEnabled(user.id, true).then(() => changed(["users"]));
        say({ title: t("users.deactivated", { name }), undo });
        changed(["users"]);
        changed(["sessions"]);
      }}
      onClose={onClose}
    />
  );
}

/** Confirmation of a reactivation. */
export function ReactivateUser({ users, user, onClose }: Props) {
  const say = useToast();
  const name = user.name || user.username;
  return (
    <FormDialog
      heading={t("users.reactivate_heading", { name })}
      submit={t("users.reactivate")}
      onSubmit={async () => {
        await users.setEnabled(user.id, true);
        say({ title: t("users.reactivated", { name }) });
        changed(["users"]);
      }}
      onClose={onClose}
    >
      {() => <p>{t("users.regains", { name })}</p>}
    </FormDialog>
  );
}
