import { Button } from "@carbon/react";
import { Add } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { type Schemas, api, askPage } from "../../api/client";
import { inManagement } from "../../api/lists";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t, word } from "../../lib/i18n";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { ClientForm } from "./ClientForm";

export default function ClientList() {
  const { mayWrite } = useSession();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  return (
    <Page title={t("clients.title")} lead={t("clients.lead")}>
      <Listing<Schemas["ApplicationView"]>
        label={t("clients.title")}
        search={t("clients.search")}
        load={(query) => askPage(api.GET("/api/clients", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/applications", id)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "clientId", header: t("tenants.client_id"), cell: ({ clientId }) => <span className="code">{clientId}</span> },
          { key: "type", header: t("clients.type"), cell: ({ type }) => word("clientType", type), minor: true },
        ]}
        tools={
          mayWrite && (
            <Button size="lg" renderIcon={Add} onClick={() => setCreating(true)}>
              {t("clients.create")}
            </Button>
          )
        }
        empty={{ title: t("clients.none"), text: t("clients.none_text") }}
      />
      {creating && <ClientForm onDone={(id) => go(addressOf("/applications", id))} onClose={() => setCreating(false)} />}
    </Page>
  );
}
