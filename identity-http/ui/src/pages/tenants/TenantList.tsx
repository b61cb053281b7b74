import { Button } from "@carbon/react";
import { Add, TrashCan } from "@carbon/icons-react";
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
import { DeleteTenant } from "./DeleteTenant";

type Tenant = Schemas["TenantView"];

export default function TenantList() {
  const { mayWrite } = useSession();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Tenant>();
  const [round, setRound] = useState(0);
  const create = mayWrite && (
    <Button size="lg" renderIcon={Add} onClick={() => setCreating(true)}>
      {t("tenants.create")}
    </Button>
  );
  return (
    <Page title={t("tenants.title")} lead={t("tenants.lead")}>
      <Listing<Tenant>
        label={t("tenants.title")}
        search={t("tenants.search")}
        load={(query) => askPage(api.GET("/api/tenants", inManagement(query)))}
        on={[round]}
        rowKey={({ tenantId }) => tenantId}
        href={({ tenantId }) => addressOf("/tenants", tenantId)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "tenantId", header: t("tenants.id"), cell: ({ tenantId }) => <span className="code">{tenantId}</span> },
        ]}
        tools={create}
        actions={
          mayWrite
            ? [
                {
                  label: ({ name }) => t("delete_named", { name }),
                  icon: TrashCan,
                  onClick: setDeleting,
                  unless: ({ tenantId }) => tenantId === "<default>",
                },
              ]
            : []
        }
        empty={{ title: t("tenants.none"), text: t("tenants.none_text") }}
      />
      {creating && <CreateTenant onClose={() => setCreating(false)} />}
      {deleting && (
        <DeleteTenant tenant={deleting} onClose={() => setDeleting(undefined)} onDeleted={() => setRound((round) => round + 1)} />
      )}
    </Page>
  );
}

function CreateTenant({ onClose }: { onClose: () => void }) {
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [tenantId, setTenantId] = useState("");
  return (
    <FormDialog
      heading={t("tenants.create")}
      submit={t("create")}
      disabled={!name.trim() || !tenantId.trim()}
      onSubmit={async () => {
        const tenant = await ask(api.POST("/api/tenants", { body: { name: name.trim(), tenantId: tenantId.trim() } }));
        go(addressOf("/tenants", tenant.tenantId));
      }}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} data-modal-primary-focus />
          <TextField
            name="tenantId"
            labelText={t("tenants.id")}
            helperText={t("tenants.id_stays")}
            value={tenantId}
            onValue={setTenantId}
            problem={problem}
          />
        </>
      )}
    </FormDialog>
  );
}
