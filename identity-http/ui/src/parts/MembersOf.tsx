/** Direct members of a group, role or tenant, of one kind. */

import * as choices from "../api/choices";
import { joining } from "../api/decisions";
import { type Holder, type Member, type MemberKind, membersOf } from "../api/members";
import { usersOf } from "../api/people";
import { type Session, useSession } from "../app/session";
import { addressOf } from "../lib/address";
import { type Key, t } from "../lib/i18n";
import { inTurn } from "../lib/inTurn";
import { Members } from "./Members";

const TARGETS = { groups: "GROUP", roles: "ROLE", tenants: "TENANT" } as const;

function findOf(session: Session, holder: Holder, kind: MemberKind): choices.Find | undefined {
  switch (kind) {
    case "USER":
      return choices.users(session);
    case "GROUP":
      return choices.groups;
    case "ROLE":
      return choices.roles;
    case "MAPPING_RULE":
      return choices.mappingRules(TARGETS[holder.type]);
    case "APPLICATION":
      return choices.applications(session);
  }
}

const IDS: Record<MemberKind, Key> = {
  USER: "username",
  GROUP: "id",
  ROLE: "id",
  MAPPING_RULE: "id",
  APPLICATION: "tenants.client_id",
};

/** Returns the path of the pages of a kind of entity, if it has pages. */
function pageOf(session: Session, kind: MemberKind): string | undefined {
  if (kind === "USER") return usersOf(session) ? "/users" : undefined;
  return { GROUP: "/groups", ROLE: "/roles", MAPPING_RULE: undefined, APPLICATION: undefined }[kind];
}

export function MembersOf({ holder, kind }: { holder: Holder; kind: MemberKind }) {
  const session = useSession();
  const members = membersOf(session, holder, kind);
  const find = findOf(session, holder, kind);
  const page = pageOf(session, kind);
  const text = (name: "" | "assign_" | "no_") => t(`${holder.type}.${name}${kind}` as Key);
  return (
    <Members<Member>
      label={text("")}
      columns={[
        { key: "name", header: t("name"), cell: ({ name }) => name },
        {
          key: "id",
          header: t(IDS[kind]),
          cell: ({ id, shownId }) => <span className="code">{shownId ?? id}</span>,
          minor: true,
        },
      ]}
      idOf={({ id }) => id}
      nameOf={({ name }) => name}
      href={page ? ({ id }) => addressOf(page, id) : undefined}
      queryKey={[holder.type, holder.id, kind]}
      load={members.load}
      add={{
        button: text("assign_"),
        search: t(`members.search_${kind}`),
        find,
        typed: find ? undefined : t(`members.typed_${kind}`),
        run: members.add,
        undo: (ids) => inTurn(ids, members.remove),
        changes: (ids) =>
          ids.map((id) => joining(TARGETS[holder.type], holder.id, kind === "APPLICATION" ? "CLIENT" : kind, id)),
      }}
      remove={{ run: ({ id }) => members.remove(id), undo: ({ id }) => members.add([id]) }}
      empty={text("no_")}
    />
  );
}

/** Tabs with the members of an entity, one for each kind. */
export const memberTabs = (kinds: readonly MemberKind[], holder: Holder) =>
  kinds.map((kind) => ({
    id: kind,
    title: t(`${holder.type}.${kind}` as Key),
    content: () => <MembersOf key={kind} holder={holder} kind={kind} />,
  }));
