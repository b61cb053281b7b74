/** An authorization: whose, on what, and what may be done with it. Only what goes together is offered. */

import { Checkbox, FormGroup, RadioButton, RadioButtonGroup } from "@carbon/react";
import { useState } from "react";

import * as choices from "../api/choices";
import { type Grant, type Grants, OWNER_TYPES, type OwnerType } from "../api/grants";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t, word } from "../lib/i18n";
import { useLoad } from "../lib/useLoad";
import { FormDialog } from "./Dialog";
import { Choice, TextField } from "./fields";

interface Props {
  grants: Grants;
  initial: Partial<Grant>;
  fixedOwner: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function GrantForm({ grants, initial, fixedOwner, onClose, onDone }: Props) {
  const say = useToast();
  const isNew = initial.key === undefined;
  const [ownerType, setOwnerType] = useState<OwnerType>(initial.ownerType ?? "ROLE");
  const [ownerId, setOwnerId] = useState(initial.ownerId ?? "");
  const [resourceType, setResourceType] = useState(initial.resourceType ?? grants.types[0]?.type ?? "");
  const [scope, setScope] = useState(initial.property ? "property" : !initial.resourceId || initial.resourceId === "*" ? "all" : "one");
  const [resourceId, setResourceId] = useState(initial.resourceId === "*" ? "" : (initial.resourceId ?? ""));
  const [property, setProperty] = useState(initial.property ?? "");
  const [permissions, setPermissions] = useState<readonly string[]>(initial.permissions ?? []);
  const type = grants.types.find(({ type }) => type === resourceType);
  const known = useOwners(ownerType, ownerId, !fixedOwner && isNew);
  const complete =
    ownerId.trim() !== "" &&
    permissions.length > 0 &&
    (scope === "all" || (scope === "one" ? resourceId.trim() !== "" : property !== ""));
  const chooseType = (type: string) => {
    setResourceType(type);
    setPermissions([]);
    setProperty("");
    if (scope === "property") setScope("all");
  };
  const save = async () => {
    const grant = {
      key: initial.key ?? "",
      ownerType,
      ownerId: ownerId.trim(),
      resourceType,
      resourceId: scope === "all" ? "*" : scope === "one" ? resourceId.trim() : undefined,
      property: scope === "property" ? property : undefined,
      permissions: [...permissions],
    };
    await (isNew ? grants.create(grant) : grants.update(grant));
    say({ title: t(isNew ? "grants.created" : "grants.changed") });
    onDone();
  };
  return (
    <FormDialog
      size="md"
      heading={t(isNew ? "grants.create" : "grants.edit")}
      submit={t(isNew ? "create" : "save")}
      disabled={!complete}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          {!fixedOwner && (
            <>
              <Choice<OwnerType>
                name="ownerType"
                labelText={t("grants.owner_type")}
                value={ownerType}
                disabled={!isNew}
                choices={OWNER_TYPES.map((type) => [type, word("owner", type)] as const)}
                onValue={setOwnerType}
              />
              <TextField
                name="ownerId"
                labelText={t("grants.owner_id")}
                value={ownerId}
                disabled={!isNew}
                onValue={setOwnerId}
                problem={problem}
                list="known-owners"
              />
              <datalist id="known-owners">
                {known.map(({ id, title }) => (
                  <option key={id} value={id}>
                    {title}
                  </option>
                ))}
              </datalist>
            </>
          )}
          <Choice
            name="resourceType"
            labelText={t("grants.type")}
            value={resourceType}
            disabled={!isNew}
            choices={grants.types.map(({ type }) => [type, type] as const)}
            onValue={chooseType}
            problem={problem}
          />
          <RadioButtonGroup
            name="scope"
            legendText={t("grants.resource")}
            valueSelected={scope}
            orientation="vertical"
            disabled={!isNew && grants.id === "management"}
            onChange={(scope) => setScope(String(scope))}
          >
            <RadioButton id="scope-all" value="all" labelText={t("grants.scope_all")} />
            <RadioButton id="scope-one" value="one" labelText={t("grants.scope_one")} />
            {type && type.properties.length > 0 ? (
              <RadioButton id="scope-property" value="property" labelText={t("grants.scope_property")} />
            ) : (
              <></>
            )}
          </RadioButtonGroup>
          {scope === "one" && (
            <TextField
              name={grants.id === "cluster" ? "resourceId" : "resourceKey"}
              labelText={t("grants.resource_id")}
              value={resourceId}
              disabled={!isNew && grants.id === "management"}
              onValue={setResourceId}
              problem={problem}
            />
          )}
          {scope === "property" && type && (
            <Choice
              name="property"
              labelText={t("grants.property")}
              value={property}
              choices={["", ...type.properties].map((name) => [name, name] as const)}
              onValue={setProperty}
              problem={problem}
            />
          )}
          <FormGroup legendText={t("grants.permissions")}>
            {type?.permissions.map((permission) => (
              <Checkbox
                key={permission}
                id={`permission-${permission}`}
                labelText={permission}
                checked={permissions.includes(permission)}
                onChange={(_, { checked }) =>
                  setPermissions((before) =>
                    checked ? [...before, permission] : before.filter((other) => other !== permission),
                  )
                }
              />
            ))}
          </FormGroup>
        </>
      )}
    </FormDialog>
  );
}

/** The owners of a kind that are known here, as far as they fit what was typed. */
function useOwners(type: OwnerType, typed: string, wanted: boolean): choices.Choice[] {
  const session = useSession();
  const find: Record<OwnerType, choices.Find | undefined> = {
    USER: choices.users(session),
    GROUP: session.has("groups") ? choices.groups : undefined,
    ROLE: session.has("roles") ? choices.roles : undefined,
    MAPPING_RULE: session.has("mapping-rules") && session.has("cluster") ? choices.mappingRules : undefined,
    CLIENT: choices.applications(session),
  };
  const { data } = useLoad(async () => (wanted ? ((await find[type]?.(typed)) ?? []) : []), [type, typed, wanted]);
  return data ?? [];
}
