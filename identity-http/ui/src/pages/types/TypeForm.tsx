import { useState } from "react";

import { api, ask } from "../../api/client";
import { changed } from "../../api/queries";
import { type ResourceType, readType } from "../../api/types";
import type { Versioned } from "../../api/versions";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { lines } from "../../lib/lines";
import { useEdited } from "../../parts/Conflict";
import { FormDialog } from "../../parts/Dialog";
import { LinesField, TextField } from "../../parts/fields";

interface Props {
  /** Resource type to edit; absent to create one. */
  type?: Versioned<ResourceType>;
  /** Opens the page of a new type. */
  onCreated?: (name: string) => void;
  onClose: () => void;
}

export function TypeForm({ type, onCreated, onClose }: Props) {
  const say = useToast();
  const [name, setName] = useState(type?.type ?? "");
  const [permissions, setPermissions] = useState(type?.supportedPermissions.join("\n") ?? "");
  const [properties, setProperties] = useState(type?.properties?.join("\n") ?? "");
  const { headers, conflict } = useEdited({
    entity: type,
    fieldsOf: ({ supportedPermissions, properties }) => ({ supportedPermissions, properties: properties ?? [] }),
    fields: [
      { name: "supportedPermissions", label: t("grants.permissions") },
      { name: "properties", label: t("types.properties") },
    ],
    audited: ({ type }) => ({ entityType: "RESOURCE_TYPE", entityKey: type }),
    reload: () => readType(name),
    values: { supportedPermissions: lines(permissions), properties: lines(properties) },
    adopt: (values) => {
      setPermissions(values.supportedPermissions.join("\n"));
      setProperties(values.properties.join("\n"));
    },
  });
  const save = async () => {
    const parts = { supportedPermissions: lines(permissions), properties: lines(properties) };
    const made = await (type
      ? ask(
          api.PUT("/api/resource-types/{type}", {
            params: { path: { type: type.type } },
            body: parts,
            headers: headers(),
          }),
        )
      : ask(api.POST("/api/resource-types", { body: { type: name.trim(), ...parts } })));
    say({ title: t("saved", { name: made.type }) });
    changed(["resource-types", made.type]);
    onCreated?.(made.type);
  };
  return (
    <FormDialog
      heading={t(type ? "types.edit" : "types.create")}
      submit={t(type ? "save" : "create")}
      disabled={!name.trim() || lines(permissions).length === 0}
      places={type ? {} : { exists: "type" }}
      conflict={conflict}
      shownAs={["curl", "yaml"]}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          {!type && (
            <TextField
              name="type"
              labelText={t("name")}
              helperText={t("types.name_stays")}
              value={name}
              onValue={setName}
              problem={problem}
              spellCheck={false}
            />
          )}
          <LinesField
            name="supportedPermissions"
            labelText={t("grants.permissions")}
            helperText={t("types.permissions_help")}
            value={permissions}
            onValue={setPermissions}
            problem={problem}
          />
          <LinesField
            name="properties"
            labelText={t("types.properties")}
            helperText={t("types.properties_help")}
            value={properties}
            onValue={setProperties}
            problem={problem}
          />
        </>
      )}
    </FormDialog>
  );
}
