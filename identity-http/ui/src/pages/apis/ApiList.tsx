import { Button } from "@carbon/react";
import { Add } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { type Schemas, api, ask, askPage } from "../../api/client";
import { inManagement } from "../../api/lists";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { FormDialog } from "../../parts/Dialog";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { TextField } from "../../parts/fields";

export default function ApiList() {
  const { mayWrite } = useSession();
  const [creating, setCreating] = useState(false);
  return (
    <Page title={t("apis.title")} lead={t("apis.lead")}>
      <Listing<Schemas["ApiView"]>
        label={t("apis.title")}
        search={t("apis.search")}
        load={(query) => askPage(api.GET("/api/resource-servers", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/apis", id)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "audience", header: t("apis.audience"), cell: ({ audience }) => <span className="code">{audience}</span> },
        ]}
        tools={
          mayWrite && (
            <Button size="lg" renderIcon={Add} onClick={() => setCreating(true)}>
              {t("apis.create")}
            </Button>
          )
        }
        empty={{ title: t("apis.none"), text: t("apis.none_text") }}
      />
      {creating && <CreateApi onClose={() => setCreating(false)} />}
    </Page>
  );
}

function CreateApi({ onClose }: { onClose: () => void }) {
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [audience, setAudience] = useState("");
  return (
    <FormDialog
      heading={t("apis.create")}
      submit={t("create")}
      disabled={!name.trim() || !audience.trim()}
      onSubmit={async () => {
        const body = { name: name.trim(), audience: audience.trim() };
        go(addressOf("/apis", (await ask(api.POST("/api/resource-servers", { body }))).id));
      }}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} data-modal-primary-focus />
          <TextField name="audience" labelText={t("apis.audience")} value={audience} onValue={setAudience} problem={problem} />
        </>
      )}
    </FormDialog>
  );
}
