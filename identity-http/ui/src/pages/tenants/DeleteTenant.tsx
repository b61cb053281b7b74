import { api, ask, type Schemas } from "../../api/client";
import { deletedAuthorizations } from "../../api/decisions";
import { lostMembers } from "../../api/members";
import { deleted } from "../../api/queries";
import { askVersioned } from "../../api/versions";
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
    const [members, authorizations] = await Promise.all([
      lostMembers(session, { type: "tenants", id: tenantId }),
      deletedAuthorizations(session, { deleteTenant: tenantId }),
    ]);
    return [...members, ...authorizations, t("lose.no_undo")];
  };
  return (
    <ConfirmDialog
      heading={t("tenants.delete", { name })}
      submit={t("delete")}
      consequences={consequences}
      entity={() => askVersioned(api.GET("/api/tenants/{tenantId}", path))}
      managed={{ type: "TENANT", id: tenantId }}
      onConfirm={async (headers) => {
        await ask(api.DELETE("/api/tenants/{tenantId}", { ...path, headers }));
        say({ title: t("deleted", { name }) });
        deleted("tenants", tenantId);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
