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
import { DeleteGroup } from "./DeleteGroup";

type Group = Schemas["GroupView"];

export default function GroupList() {
  const { mayWrite } = useSession();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Group>();
  const [round, setRound] = useState(0);
  const [name, setName] = useState("");
  const create = mayWrite && (
    <Button size="lg" renderIcon={Add} onClick={() => setCreating(true)}>
      {t("groups.create")}
    </Button>
  );
  return (
    <Page title={t("groups.title")} lead={t("groups.lead")}>
      <Listing<Group>
        label={t("groups.title")}
        search={t("groups.search")}
        load={(query) => askPage(api.GET("/api/groups", inManagement(query)))}
        on={[round]}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/groups", id)}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "id", header: t("id"), cell: ({ id }) => <span className="code">{id}</span>, minor: true },
        ]}
        tools={create}
        actions={
          mayWrite ? [{ label: ({ name }) => t("delete_named", { name }), icon: TrashCan, onClick: setDeleting }] : []
        }
        empty={{ title: t("groups.none"), text: t("groups.none_text"), action: undefined }}
      />
      {creating && (
        <FormDialog
          heading={t("groups.create")}
          submit={t("create")}
          disabled={!name.trim()}
          onSubmit={async () => go(addressOf("/groups", (await ask(api.POST("/api/groups", { body: { name } }))).id))}
          onClose={() => setCreating(false)}
        >
          {(problem) => (
            <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} data-modal-primary-focus />
          )}
        </FormDialog>
      )}
      {deleting && (
        <DeleteGroup group={deleting} onClose={() => setDeleting(undefined)} onDeleted={() => setRound((round) => round + 1)} />
      )}
    </Page>
  );
}
