import type { QueryKey } from "@tanstack/react-query";

import * as choices from "../../api/choices";
import type { Schemas } from "../../api/client";
import { usersOf } from "../../api/people";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { Members } from "../../parts/Members";
import { personColumns } from "./columns";

interface Props {
  label: string;
  /** Label of the button that adds users. */
  button: string;
  queryKey: QueryKey;
  load: (signal?: AbortSignal) => Promise<Schemas["UserView"][]>;
  add: (ids: string[]) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
  empty: string;
}

/** Users in a group or tenant. If an identity provider manages the users, they are added by username. */
export function PeopleIn({ label, button, queryKey, load, add, remove, empty }: Props) {
  const session = useSession();
  const find = choices.users(session);
  return (
    <Members
      label={label}
      columns={personColumns()}
      idOf={({ id }: Schemas["UserView"]) => id}
      nameOf={({ name }) => name}
      href={usersOf(session) && (({ id }) => addressOf("/users", id))}
      queryKey={queryKey}
      load={{ all: load }}
      add={{ button, search: t("users.search"), find, typed: find ? undefined : t("users.typed"), run: add }}
      remove={{ run: ({ id }) => remove(id), undo: ({ id }) => add([id]) }}
      empty={empty}
    />
  );
}
