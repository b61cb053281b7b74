import { useState } from "react";
import { useLocation } from "wouter";

import { api, askPage, type Schemas } from "../../api/client";
import { inManagement } from "../../api/lists";
import { addressOf } from "../../lib/address";
import { t, word } from "../../lib/i18n";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { ClientForm } from "./ClientForm";

export default function ClientList() {
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  return (
    <Page title={t("clients.title")} lead={t("clients.lead")}>
      <Listing<Schemas["ApplicationView"]>
        label={t("clients.title")}
        search={t("clients.search")}
        queryKey={["clients"]}
        load={(query) => askPage(api.GET("/api/clients", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/applications", id)}
        alike={{ kind: "CLIENT", id: ({ clientId }) => clientId }}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          {
            key: "clientId",
            header: t("tenants.client_id"),
            cell: ({ clientId }) => <span className="code">{clientId}</span>,
          },
          { key: "type", header: t("clients.type"), cell: ({ type }) => word("clientType", type), minor: true },
        ]}
        tools={<Create text={t("clients.create")} onClick={() => setCreating(true)} />}
        empty={{ title: t("clients.none"), text: t("clients.none_text") }}
      />
      {creating && (
        <ClientForm onCreated={(id) => go(addressOf("/applications", id))} onClose={() => setCreating(false)} />
      )}
    </Page>
  );
}
