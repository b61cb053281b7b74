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
import { DeleteRole } from "./DeleteRole";

type Role = Schemas["RoleView"];

export default function RoleList() {
  const { mayWrite } = useSession();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Role>();
  const [round, setRound] = useState(0);
  const create = mayWrite && (
    <Button size="lg" renderIcon={Add} onClick={() => setCreating(true)}>
      {t("roles.create")}
    </Button>
  );
  return (
    <Page title={t("roles.title")} lead={t("roles.lead")}>
      <Listing<Role>
        label={t("roles.title")}
        search={t("roles.search")}
        load={(query) => askPage(api.GET("/api/roles", inManagement(query)))}
        on={[round]}
        rowKey={({ name }) => name}
        href={({ name }) => addressOf("/roles", name)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "description", header: t("description"), cell: ({ description }) => description, minor: true },
        ]}
        tools={create}
        actions={
          mayWrite ? [{ label: ({ name }) => t("delete_named", { name }), icon: TrashCan, onClick: setDeleting }] : []
        }
        empty={{ title: t("roles.none"), text: t("roles.none_text") }}
      />
      {creating && <CreateRole onClose={() => setCreating(false)} />}
      {deleting && (
        <DeleteRole role={deleting} onClose={() => setDeleting(undefined)} onDeleted={() => setRound((round) => round + 1)} />
      )}
    </Page>
  );
}

function CreateRole({ onClose }: { onClose: () => void }) {
  const [, go] = useLocation();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  return (
    <FormDialog
      heading={t("roles.create")}
      submit={t("create")}
      disabled={!name.trim()}
      onSubmit={async () => {
        const role = await ask(api.POST("/api/roles", { body: { name: name.trim(), description } }));
        go(addressOf("/roles", role.name));
      }}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <TextField
            name="name"
            labelText={t("name")}
            helperText={t("roles.name_stays")}
            value={name}
            onValue={setName}
            problem={problem}
            data-modal-primary-focus
          />
          <TextField
            name="description"
            labelText={t("description")}
            value={description}
            onValue={setDescription}
            problem={problem}
          />
        </>
      )}
    </FormDialog>
  );
}
