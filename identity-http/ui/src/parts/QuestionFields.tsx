/** What somebody wants to do with what: a resource type, one of its permissions, a resource. */

import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { Choice, TextField } from "./fields";

export interface Target {
  type: string;
  action: string;
  resource: string;
}

/** What can be asked about: the types that can be granted on, APIs, tenants. */
export function useTypes() {
  const { resourceTypes } = useSession().capabilities;
  return [
    { type: "api", permissions: undefined },
    { type: "tenant", permissions: ["ACCESS"] },
    ...resourceTypes.map(({ type, permissions }) => ({ type, permissions })),
  ];
}

export function QuestionFields({ value, onValue }: { value: Target; onValue: (value: Target) => void }) {
  const types = useTypes();
  const type = types.find(({ type }) => type === value.type);
  const named: Record<string, string> = { api: t("why.type_api"), tenant: t("why.type_tenant") };
  const chooseType = (name: string) => {
    const permissions = types.find(({ type }) => type === name)?.permissions;
    onValue({ type: name, action: permissions?.[0] ?? "", resource: "" });
  };
  return (
    <>
      <Choice
        name="type"
        labelText={t("grants.type")}
        value={value.type}
        choices={types.map(({ type }) => [type, named[type] ?? type] as const)}
        onValue={chooseType}
      />
      {type?.permissions ? (
        <Choice
          name="action"
          labelText={t("roles.permission")}
          value={value.action}
          choices={type.permissions.map((permission) => [permission, permission] as const)}
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
        labelText={value.type === "api" ? t("apis.audience") : value.type === "tenant" ? t("tenants.id") : t("why.resource")}
        helperText={value.type === "api" || value.type === "tenant" ? undefined : t("why.resource_help")}
        value={value.resource}
        onValue={(resource) => onValue({ ...value, resource })}
        placeholder={value.type === "api" ? "camunda-identity-resource-server" : value.type === "tenant" ? "<default>" : "*"}
      />
    </>
  );
}
