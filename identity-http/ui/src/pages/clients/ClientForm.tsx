import { useState } from "react";

import { api, ask, type Schemas } from "../../api/client";
import { changed } from "../../api/queries";
import { useToast } from "../../app/toasts";
import { t, word } from "../../lib/i18n";
import { lines } from "../../lib/lines";
import { FormDialog } from "../../parts/Dialog";
import { Choice, LinesField, TextField } from "../../parts/fields";

const TYPES = ["CONFIDENTIAL", "PUBLIC", "M2M"] as const;
type Type = (typeof TYPES)[number];

interface Props {
  /** Application to edit; absent to create one. */
  client?: Schemas["ClientView"];
  /** Opens the page of a new application. */
  onCreated?: (id: string) => void;
  onClose: () => void;
}

export function ClientForm({ client, onCreated, onClose }: Props) {
  const say = useToast();
  const [name, setName] = useState(client?.name ?? "");
  const [clientId, setClientId] = useState(client?.clientId ?? "");
  const [type, setType] = useState<Type>(TYPES.find((type) => type === client?.type) ?? "CONFIDENTIAL");
  const known = client?.redirectUris.join("\n") ?? "";
  const [uris, setUris] = useState(known);
  const save = async () => {
    const redirectUris = type === "M2M" ? [] : lines(uris);
    if (client) {
      // Omitted fields keep their values.
      const body = uris === known ? { name: name.trim() } : { name: name.trim(), redirectUris };
      await ask(api.PUT("/api/clients/{id}", { params: { path: { id: client.id } }, body }));
      say({ title: t("saved", { name }) });
      changed(["clients", client.id]);
    } else {
      const body = { name: name.trim(), clientId: clientId.trim(), type, redirectUris };
      onCreated?.((await ask(api.POST("/api/clients", { body }))).id);
    }
  };
  return (
    <FormDialog
      heading={t(client ? "clients.edit" : "clients.create")}
      submit={t(client ? "save" : "create")}
      disabled={!name.trim() || !clientId.trim()}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} />
          {!client && (
            <>
              <TextField
                name="clientId"
                labelText={t("tenants.client_id")}
                value={clientId}
                onValue={setClientId}
                problem={problem}
              />
              <Choice<Type>
                name="type"
                labelText={t("clients.type")}
                value={type}
                choices={TYPES.map((type) => [type, word("clientType", type)] as const)}
                onValue={setType}
                problem={problem}
              />
            </>
          )}
          {type !== "M2M" && (
            <LinesField
              name="redirectUris"
              labelText={t("clients.redirect_uris")}
              helperText={t("clients.redirect_help")}
              value={uris}
              onValue={setUris}
              problem={problem}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
