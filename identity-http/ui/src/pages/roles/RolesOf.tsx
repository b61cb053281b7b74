import type { QueryKey } from "@tanstack/react-query";

import * as choices from "../../api/choices";
import type { Schemas } from "../../api/client";
import { joining, type Party } from "../../api/decisions";
import { titleOf } from "../../api/roles";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { inTurn } from "../../lib/inTurn";
import { Members } from "../../parts/Members";

interface Props {
  queryKey: QueryKey;
  member: Party & { type: "USER" | "GROUP" };
  load: (signal?: AbortSignal) => Promise<Schemas["RoleView"][]>;
  add: (name: string) => Promise<unknown>;
  remove: (name: string) => Promise<unknown>;
  heading?: string;
  empty: string;
}

/** Roles of a user or group. */
export const RolesOf = ({ queryKey, member, load, add, remove, heading, empty }: Props) => (
  <Members
    label={t("roles.title")}
    columns={[
      { key: "name", header: t("name"), cell: titleOf },
      { key: "description", header: t("description"), cell: ({ description }) => description, minor: true },
    ]}
    idOf={({ name }) => name}
    nameOf={titleOf}
    href={({ name }) => addressOf("/roles", name)}
    queryKey={queryKey}
    load={{ all: load }}
    add={{
      button: t("roles.assign"),
      heading,
      search: t("roles.search"),
      find: choices.roles,
      run: (names) => inTurn(names, add),
      undo: (names) => inTurn(names, remove),
      changes: (names) => names.map((name) => joining("ROLE", name, member.type, member.id)),
    }}
    remove={{ run: ({ name }) => remove(name), undo: ({ name }) => add(name) }}
    empty={empty}
  />
);
