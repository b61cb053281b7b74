import { api, ask } from "../../api/client";
import type { User } from "../../api/people";
import { changed } from "../../api/queries";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

/** Confirmation that ends all sessions of a user. */
export function EndSessions({ user, onClose }: { user: User; onClose: () => void }) {
  const say = useToast();
  return (
    <ConfirmDialog
      heading={t("sessions.end_all")}
      submit={t("sessions.end_all")}
      onConfirm={async () => {
        await ask(api.DELETE("/api/sessions", { params: { query: { username: user.id } } }));
        say({ title: t("sessions.all_ended", { name: user.name || user.username }) });
        changed(["sessions"]);
      }}
      onClose={onClose}
    >
      <p>{t("sessions.end_all_means")}</p>
    </ConfirmDialog>
  );
}
