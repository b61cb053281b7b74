import * as choices from "../../api/choices";
import { api, askPage, type Schemas } from "../../api/client";
import { joining } from "../../api/decisions";
import { inTenant } from "../../api/members";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { Members } from "../../parts/Members";

interface Props {
  memberType: "USER" | "GROUP";
  memberId: string;
  empty: string;
}

/** Tenants that a user or group is a direct member of. */
export function TenantsOf({ memberType, memberId, empty }: Props) {
  const session = useSession();
  const of = (tenantId: string) => inTenant(session, tenantId, memberType);
  const query = { memberId, memberType };
  return (
    <Members
      label={t("tenants.title")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }: Schemas["TenantView"]) => name },
        { key: "id", header: t("id"), cell: ({ tenantId }) => <span className="code">{tenantId}</span>, minor: true },
      ]}
      idOf={({ tenantId }) => tenantId}
      nameOf={({ name }) => name}
      href={({ tenantId }) => addressOf("/tenants", tenantId)}
      queryKey={["tenants", query]}
      load={{ all: async (signal) => (await askPage(api.GET("/api/tenants", { params: { query }, signal }))).items }}
      add={{
        button: t("tenants.assign"),
        search: t("tenants.search"),
        find: choices.tenants,
        run: (ids) => inTurn(ids, (tenantId) => of(tenantId).add([memberId])),
        undo: (ids) => inTurn(ids, (tenantId) => of(tenantId).remove(memberId)),
        changes: (ids) => ids.map((tenantId) => joining("TENANT", tenantId, memberType, memberId)),
      }}
      remove={{
        run: ({ tenantId }) => of(tenantId).remove(memberId),
        undo: ({ tenantId }) => of(tenantId).add([memberId]),
      }}
      empty={empty}
    />
  );
}
