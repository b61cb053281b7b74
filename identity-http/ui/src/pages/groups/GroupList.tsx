import { TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { inManagement } from "../../api/lists";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { Create } from "../../parts/Create";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { WordsForm } from "../../parts/WordsForm";
import { DeleteGroup } from "./DeleteGroup";

type Group = Schemas["GroupView"];

export default function GroupList() {
  const { mayWrite } = useSession();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Group>();
  return (
    <Page title={t("groups.title")} lead={t("groups.lead")}>
      <Listing<Group>
        label={t("groups.title")}
        search={t("groups.search")}
        queryKey={["groups"]}
        load={(query) => askPage(api.GET("/api/groups", inManagement(query)))}
        rowKey={({ id }) => id}
        href={({ id }) => addressOf("/groups", id)}
        alike={{ kind: "GROUP", id: ({ id }) => id }}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          { key: "id", header: t("id"), cell: ({ id }) => <span className="code">{id}</span>, minor: true },
        ]}
        tools={<Create text={t("groups.create")} onClick={() => setCreating(true)} />}
        actions={
          mayWrite ? [{ label: ({ name }) => t("delete_named", { name }), icon: TrashCan, onClick: setDeleting }] : []
        }
        empty={{ title: t("groups.none"), text: t("groups.none_text"), action: undefined }}
      />
      {creating && (
        <WordsForm
          heading={t("groups.create")}
          fields={[{ name: "name", label: t("name") }]}
          onSubmit={async (body) => go(addressOf("/groups", (await ask(api.POST("/api/groups", { body }))).id))}
          onClose={() => setCreating(false)}
        />
      )}
      {deleting && <DeleteGroup group={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}
