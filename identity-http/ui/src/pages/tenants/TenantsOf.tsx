import * as choices from "../../api/choices";
import { api, askPage, type Schemas } from "../../api/client";
import { join, leave } from "../../api/tenants";
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
        run: (ids) => inTurn(ids, (tenantId) => join[memberType](tenantId, [memberId])),
      }}
      remove={{
        run: ({ tenantId }) => leave[memberType](tenantId, memberId),
        undo: ({ tenantId }) => join[memberType](tenantId, [memberId]),
      }}
      empty={empty}
    />
  );
}
