/** Form for an authorization. Offers only the permissions and properties of the selected resource type. */

import { Checkbox, FormGroup, RadioButton, RadioButtonGroup } from "@carbon/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { leadsTo, mayLead } from "../api/administration";
import { allInWords, type Comparison, comparisonOf, isComplete, rowOf, wrongValues } from "../api/conditions";
import { type Grant, type Grants, OWNER_TYPES, type Owner, type OwnerType } from "../api/grants";
import type { Problem } from "../api/problem";
import { changed } from "../api/queries";
import { useGrantableTypes } from "../api/types";
import { only, type Versioned } from "../api/versions";
import { useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t, word } from "../lib/i18n";
import { AdministrationNotice } from "./AdministrationNotice";
import { ConditionEditor, type KeyedRow } from "./ConditionEditor";
import { useEdited } from "./Conflict";
import { FormDialog } from "./Dialog";
import { Choice, TextField } from "./fields";
import { OwnerField } from "./OwnerField";
import { ReachNotice, useReach } from "./Reach";
import { TypeChoice } from "./TypeChoice";

interface Props {
  grants: Grants;
  /** Authorization to edit; absent to create one. */
  grant?: Versioned<Grant>;
  /** Fixed owner and resource type, for which the form has no fields. */
  owner?: Owner;
  resourceType?: string;
  onClose: () => void;
}

export function GrantForm({ grants, grant: old, owner, resourceType: fixedType, onClose }: Props) {
  const say = useToast();
  const isNew = old === undefined;
  const initial: Partial<Grant> = old ?? { ...owner, resourceType: fixedType };
  const types = useGrantableTypes().filter(grants.takes);
  const [ownerType, setOwnerType] = useState<OwnerType>(initial.ownerType ?? "ROLE");
  const [ownerId, setOwnerId] = useState(initial.ownerId ?? "");
  const [resourceType, setResourceType] = useState(initial.resourceType ?? types[0]?.type ?? "");
  const [scope, setScope] = useState(
    initial.property ? "property" : !initial.resourceId || initial.resourceId === "*" ? "all" : "one",
  );
  const [resourceId, setResourceId] = useState(initial.resourceId === "*" ? "" : (initial.resourceId ?? ""));
  const [property, setProperty] = useState(initial.property ?? "");
  const [permissions, setPermissions] = useState<readonly string[]>(initial.permissions ?? []);
  const [rows, setRows] = useState<KeyedRow[]>((initial.condition ?? []).map((one, key) => ({ ...rowOf(one), key })));
  const type = types.find(({ type }) => type === resourceType);
  const isOwn = type?.family === "OWN";
  // The properties of custom types are for conditions only.
  const properties = isOwn ? [] : (type?.properties ?? []);
  const complete =
    ownerId.trim() !== "" &&
    permissions.length > 0 &&
    rows.every((row) => isComplete(row) && wrongValues(row) === undefined) &&
    (scope === "all" || (scope === "one" ? resourceId.trim() !== "" : property !== ""));
  const chooseType = (type: string) => {
    setResourceType(type);
    setPermissions([]);
    setProperty("");
    setRows([]);
    if (scope === "property") setScope("all");
  };
  const session = useSession();
  const target = scope === "all" ? "*" : resourceId.trim();
  const asked = mayLead(resourceType) && target ? [...permissions] : [];
  const { data: way } = useQuery({
    queryKey: ["authorizations", { leadsTo: { resourceType, target, asked } }],
    queryFn: async ({ signal }) => (await leadsTo(session, resourceType, target, asked, signal)) ?? null,
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
  });
  const { headers, conflict } = useEdited({
    entity: old,
    fieldsOf: ({ resourceId, property, permissions, condition }) => ({
      resource: property ? { property } : { resourceId },
      permissions,
      condition: condition ?? [],
    }),
    fields: [
      { name: "resource", label: t("grants.resource"), text: resourceInWords },
      { name: "permissions", label: t("grants.permissions") },
      { name: "condition", label: t("condition.title"), text: (condition: Comparison[]) => allInWords(condition) },
    ],
    audited: ({ key }) => ({ entityType: "AUTHORIZATION", entityKey: key }),
    reload: () => (old ? grants.find(old) : Promise.reject(new Error("nothing to reload"))),
    values: {
      resource: scope === "property" ? { property } : { resourceId: target },
      permissions: [...permissions],
      condition: rows.map(comparisonOf),
    },
    adopt: ({ resource, permissions, condition }) => {
      setScope(resource.property ? "property" : resource.resourceId === "*" ? "all" : "one");
      setResourceId(resource.resourceId === "*" ? "" : (resource.resourceId ?? ""));
      setProperty(resource.property ?? "");
      setPermissions(permissions);
      setRows(condition.map((one, key) => ({ ...rowOf(one), key })));
    },
  });
  const grantNow = () => ({
    ownerType,
    ownerId: ownerId.trim(),
    resourceType,
    resourceId: target,
    permissions: [...permissions],
    condition: rows.length > 0 ? rows.map(comparisonOf) : undefined,
  });
  const gained = useReach(
    // Authorizations by property, and changes of authorizations without a key, cannot be simulated.
    complete && scope !== "property" && !old?.property && (isNew || grants.id === "cluster")
      ? [...(old ? [{ deleteAuthorization: old.key }] : []), { createAuthorization: grantNow() }]
      : undefined,
  );
  const save = async () => {
    const grant = {
      ownerType,
      ownerId: ownerId.trim(),
      resourceType,
      resourceId: scope === "all" ? "*" : scope === "one" ? resourceId.trim() : undefined,
      property: scope === "property" ? property : undefined,
      permissions: [...permissions],
      condition: rows.length > 0 ? rows.map(comparisonOf) : undefined,
    };
    const again = () => changed(["authorizations"]);
    if (old) await grants.update({ ...grant, key: old.key }, old, headers());
    const made = old ? { ...grant, key: old.key } : await grants.create(grant);
    say({
      title: t(isNew ? "grants.created" : "grants.changed"),
      undo: async () => {
        const now = await grants.find(made);
        await (old ? grants.update(old, now, only(now)) : grants.remove(now, only(now)));
        again();
      },
    });
    again();
  };
  return (
    <FormDialog
      size="md"
      heading={t(isNew ? "grants.create" : "grants.edit")}
      submit={t(isNew ? "create" : "save")}
      disabled={!complete || gained.isOpen}
      places={isNew && !owner ? { ...PLACES, missing: "entityId", protected: "entityId" } : PLACES}
      conflict={conflict}
      shownAs={["curl", "yaml"]}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          {!owner && (
            <>
              <Choice<OwnerType>
                name="ownerType"
                labelText={t("grants.owner_type")}
                value={ownerType}
                disabled={!isNew}
                choices={OWNER_TYPES.map((type) => [type, word("owner", type)] as const)}
                onValue={(type) => {
                  setOwnerType(type);
                  setOwnerId("");
                }}
              />
              <OwnerField
                name="entityId"
                labelText={t("grants.owner")}
                type={ownerType}
                value={ownerId}
                disabled={!isNew}
                onValue={setOwnerId}
                problem={problem}
              />
            </>
          )}
          {fixedType === undefined && (
            <TypeChoice
              name="resourceType"
              value={resourceType}
              types={types}
              disabled={!isNew}
              onValue={chooseType}
              problem={problem}
            />
          )}
          <RadioButtonGroup
            name="scope"
            legendText={t("grants.resource")}
            valueSelected={scope}
            orientation="vertical"
            onChange={(scope) => setScope(String(scope))}
          >
            <RadioButton id="scope-all" value="all" labelText={t("grants.scope_all")} />
            <RadioButton id="scope-one" value="one" labelText={t("grants.scope_one")} />
            {properties.length > 0 ? (
              <RadioButton id="scope-property" value="property" labelText={t("grants.scope_property")} />
            ) : (
              <></>
            )}
          </RadioButtonGroup>
          {scope === "one" && (
            <TextField
              name="resourceKey"
              labelText={t("grants.resource_id")}
              value={resourceId}
              onValue={setResourceId}
              problem={problem}
            />
          )}
          {scope === "property" && (
            <Choice
              name="property"
              labelText={t("grants.property")}
              value={property}
              choices={["", ...properties].map((name) => [name, name] as const)}
              onValue={setProperty}
              problem={problem}
            />
          )}
          <FormGroup
            legendText={t("grants.permissions")}
            message={refused(problem) !== undefined}
            messageText={refused(problem)}
            invalid={refused(problem) !== undefined}
          >
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
          <div aria-live="polite">{asked.length > 0 && way && <AdministrationNotice way={way} />}</div>
          <ReachNotice {...gained} />
          {isOwn && <ConditionEditor rows={rows} properties={type.properties} onRows={setRows} problem={problem} />}
        </>
      )}
    </FormDialog>
  );
}

const resourceInWords = ({ resourceId, property }: Pick<Grant, "resourceId" | "property">) =>
  property ? t("grants.by_property", { property }) : resourceId === "*" ? t("grants.all") : (resourceId ?? "");

/** Fields of the form by the members of `/v2`. */
const PLACES = {
  "/ownerId": "entityId",
  "/resourceId": "resourceKey",
  "/resourcePropertyName": "property",
  "/permissionTypes": "permissions",
};

/** Returns the error message for the permissions. */
const refused = (problem: Problem | undefined) => problem?.about("permission") ?? problem?.about("permissions");
