/** Fields for the target of a decision: resource type, permission and resource. */

import { useGrantableTypes } from "../api/types";
import { t } from "../lib/i18n";
import { Choice, TextField } from "./fields";
import { TypeChoice } from "./TypeChoice";

export interface Target {
  type: string;
  action: string;
  resource: string;
  /** Properties of the resource, as entered. */
  properties?: Record<string, string>;
}

interface Props {
  value: Target;
  onValue: (value: Target) => void;
  /** Whether to show fields for the properties of custom types. */
  withProperties?: boolean;
}

/** Offers APIs, tenants and the resource types that authorizations can be on. */
export function QuestionFields({ value, onValue, withProperties }: Props) {
  const types = useGrantableTypes();
  const type = types.find(({ type }) => type === value.type);
  const permissionsOf = (name: string) =>
    name === "tenant" ? ["ACCESS"] : types.find(({ type }) => type === name)?.permissions;
  const permissions = permissionsOf(value.type);
  const chooseType = (type: string) =>
    onValue({ type, action: permissionsOf(type)?.[0] ?? "", resource: "", properties: {} });
  return (
    <>
      <TypeChoice
        name="type"
        value={value.type}
        choices={[
          ["api", t("why.type_api")],
          ["tenant", t("why.type_tenant")],
        ]}
        types={types}
        onValue={chooseType}
      />
      {permissions ? (
        <Choice
          name="action"
          labelText={t("roles.permission")}
          value={value.action}
          choices={permissions.map((permission) => [permission, permission] as const)}
          onValue={(action) => onValue({ ...value, action })}
        />
      ) : (
        <TextField
          name="action"
          labelText={t("roles.permission")}
          value={value.action}
          onValue={(action) => onValue({ ...value, action })}
          placeholder="read"
        />
      )}
      <TextField
        name="resource"
        labelText={
          value.type === "api" ? t("apis.audience") : value.type === "tenant" ? t("tenants.id") : t("why.resource")
        }
        helperText={value.type === "api" || value.type === "tenant" ? undefined : t("why.resource_help")}
        value={value.resource}
        onValue={(resource) => onValue({ ...value, resource })}
        placeholder={
          value.type === "api" ? "camunda-identity-resource-server" : value.type === "tenant" ? "<default>" : "*"
        }
      />
      {withProperties &&
        type?.family === "OWN" &&
        type.properties.map((name) => (
          <TextField
            key={name}
            name={`property-${name}`}
            labelText={t("why.property", { name })}
            helperText={t("why.property_help")}
            value={value.properties?.[name] ?? ""}
            onValue={(text) => onValue({ ...value, properties: { ...value.properties, [name]: text } })}
          />
        ))}
    </>
  );
}
