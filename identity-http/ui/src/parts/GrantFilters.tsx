/** Filters of a list of authorizations. Their values are in the URL. */

import { TextInput } from "@carbon/react";
import { useEffect, useState } from "react";

import { type Narrowed, OWNER_TYPES, type OwnerType } from "../api/grants";
import type { GrantableType } from "../api/types";
import { t, word } from "../lib/i18n";
import { useUrlState } from "../lib/useUrlState";
import { Choice } from "./fields";
import { OwnerField } from "./OwnerField";

/** Returns the filters in the URL. An owner type without an owner has no effect. */
export function useGrantFilters(): Narrowed {
  const query = useUrlState();
  const ownerType = OWNER_TYPES.find((type) => type === query.get("ownerType"));
  const ownerId = query.get("owner");
  return {
    owner: ownerType && ownerId ? { ownerType, ownerId } : undefined,
    resourceType: query.get("type") || undefined,
    resourceId: query.get("resource") || undefined,
    permission: query.get("permission") || undefined,
  };
}

export function GrantFilters({ types }: { types: GrantableType[] }) {
  const query = useUrlState();
  const set = (changes: Record<string, string>) => query.set({ ...changes, page: 0 });
  const type = query.get("type");
  const chosen = types.filter((one) => !type || one.type === type);
  const permissions = [...new Set(chosen.flatMap(({ permissions }) => permissions))].sort();
  const ownerType = query.get("ownerType");
  const any = ["", t("grants.any")] as const;
  return (
    <div className="tools" role="search" aria-label={t("grants.filters")}>
      <Choice
        name="filter-type"
        labelText={t("grants.type")}
        value={type}
        choices={[any, ...types.map(({ type }) => [type, type] as const)]}
        onValue={(type) => set({ type, permission: "" })}
      />
      <ResourceFilter value={query.get("resource")} onValue={(resource) => set({ resource })} />
      <Choice
        name="filter-permission"
        labelText={t("grants.permission")}
        value={query.get("permission")}
        choices={[any, ...permissions.map((name) => [name, name] as const)]}
        onValue={(permission) => set({ permission })}
      />
      <Choice
        name="filter-owner-type"
        labelText={t("grants.owner_type")}
        value={ownerType}
        choices={[any, ...OWNER_TYPES.map((type) => [type, word("owner", type)] as const)]}
        onValue={(ownerType) => set({ ownerType, owner: "" })}
      />
      {ownerType && (
        <OwnerField
          name="filter-owner"
          labelText={t("grants.owner")}
          type={ownerType as OwnerType}
          value={query.get("owner")}
          onValue={(owner) => set({ owner })}
        />
      )}
    </div>
  );
}

/** Filter by resource ID that applies 250 ms after the last input. */
function ResourceFilter({ value, onValue }: { value: string; onValue: (id: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const pause = setTimeout(() => onValue(text.trim()), 250);
    return () => clearTimeout(pause);
  }, [text]);
  return (
    <TextInput
      id="filter-resource"
      labelText={t("grants.resource_id")}
      value={text}
      autoComplete="off"
      onChange={(event) => setText(event.target.value)}
    />
  );
}
