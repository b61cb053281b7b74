import { useState } from "react";
import { useLocation } from "wouter";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { inManagement } from "../../api/lists";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { WordsForm } from "../../parts/WordsForm";

export default function ApiList() {
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  return (
    <Page title={t("apis.title")} lead={t("apis.lead")}>
      <Listing<Schemas["ApiView"]>
        label={t("apis.title")}
        search={t("apis.search")}
        queryKey={["apis"]}
        load={(query) => askPage(api.GET("/api/resource-servers", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/apis", id)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          {
            key: "audience",
            header: t("apis.audience"),
            cell: ({ audience }) => <span className="code">{audience}</span>,
          },
        ]}
        tools={<Create text={t("apis.create")} onClick={() => setCreating(true)} />}
        empty={{ title: t("apis.none"), text: t("apis.none_text") }}
      />
      {creating && (
        <WordsForm
          heading={t("apis.create")}
          fields={[
            { name: "name", label: t("name") },
            { name: "audience", label: t("apis.audience") },
          ]}
          onSubmit={async (body) => go(addressOf("/apis", (await ask(api.POST("/api/resource-servers", { body }))).id))}
          onClose={() => setCreating(false)}
        />
      )}
    </Page>
  );
}
