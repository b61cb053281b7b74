import { api, ask, type Schemas } from "../../api/client";
import { deletedAuthorizations } from "../../api/decisions";
import { deleted } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  tenant: Schemas["TenantView"];
  onClose: () => void;
  /** Leaves the page of the deleted entity. */
  onDeleted?: () => void;
}

export function DeleteTenant({ tenant: { tenantId, name }, onClose, onDeleted }: Props) {
  const session = useSession();
  const say = useToast();
  const path = { params: { path: { tenantId } } };
  const consequences = async () => {
    const [users, groups, applications, authorizations] = await Promise.all([
      ask(api.GET("/api/tenants/{tenantId}/users", path)),
      ask(api.GET("/api/tenants/{tenantId}/groups", path)),
      ask(api.GET("/api/tenants/{tenantId}/applications", path)),
      deletedAuthorizations(session, { deleteTenant: tenantId }),
    ]);
    return [
      ...(users.length > 0 ? [t("lose.tenant.users", { count: users.length, name })] : []),
      ...(groups.length > 0 ? [t("lose.tenant.groups", { count: groups.length, name })] : []),
      ...(applications.length > 0 ? [t("lose.tenant.applications", { count: applications.length, name })] : []),
      ...authorizations,
      t("lose.no_undo"),
    ];
  };
  return (
    <ConfirmDialog
      heading={t("tenants.delete", { name })}
      submit={t("delete")}
      consequences={consequences}
      onConfirm={async () => {
        await ask(api.DELETE("/api/tenants/{tenantId}", path));
        say({ title: t("deleted", { name }) });
        deleted("tenants", tenantId);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
