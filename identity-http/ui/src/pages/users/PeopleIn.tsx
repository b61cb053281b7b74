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
  /** What adds some. */
  button: string;
  load: () => Promise<Schemas["UserView"][]>;
  add: (ids: string[]) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
  empty: string;
}

/** The people who are in something. Where they live at a provider, they are named by hand. */
export function PeopleIn({ label, button, load, add, remove, empty }: Props) {
  const session = useSession();
  const find = choices.users(session);
  return (
    <Members
      label={label}
      columns={personColumns()}
      idOf={({ id }: Schemas["UserView"]) => id}
      nameOf={({ name }) => name}
      href={usersOf(session) && (({ id }) => addressOf("/users", id))}
      load={{ all: load }}
      add={{ button, search: t("users.search"), find, typed: find ? undefined : t("users.typed"), run: add }}
      remove={{ run: ({ id }) => remove(id), undo: ({ id }) => add([id]) }}
      empty={empty}
    />
  );
}
