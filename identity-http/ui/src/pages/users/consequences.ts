/** What a user loses when the account is deleted or deactivated. */

import { api, ask, askPage } from "../../api/client";
import { type Item, lostByName, simulate } from "../../api/decisions";
import type { User, Users } from "../../api/people";
import type { Session } from "../../app/session";
import { t } from "../../lib/i18n";

/**
 * Describes by name what a user loses through `change`, a change of the simulation. For users in a directory, which the
 * simulation does not cover, describes what is assigned to them.
 */
export async function consequences(session: Session, users: Users, user: User, change: object): Promise<string[]> {
  const tenantsOf = { memberType: "USER", memberId: user.id } as const;
  const isSimulated = !users.inDirectory && session.has("decisions");
  const [roles, groups, tenants, sessions, simulated] = await Promise.all([
    users.roles(user.id),
    users.groups(user.id),
    session.has("tenants") ? ask(api.GET("/api/tenants", { params: { query: tenantsOf } })) : [],
    session.has("sessions")
      ? askPage(api.GET("/api/sessions", { params: { query: { username: user.id, resultSize: 1 } } }))
      : { total: 0 },
    isSimulated ? simulate([change]) : undefined,
  ]);
  const assigned: (readonly [Item, string])[] = [
    ...roles.map(({ name, displayName }) => [{ kind: "ROLE", role: name }, displayName ?? name] as const),
    ...groups.map(({ id, name }) => [{ kind: "GROUP", group: id }, name] as const),
    ...tenants.map(({ tenantId, name }) => [{ kind: "TENANT", tenant: tenantId }, name] as const),
  ];
  const names = new Map(assigned.map(([item, name]) => [keyOf(item), name]));
  const lost = simulated?.effects.find(({ party }) => party.type === "USER" && party.id === user.id)?.lost ?? [];
  return [
    ...lostByName(simulated ? lost : assigned.map(([item]) => item), names),
    ...(simulated && simulated.deletedAuthorizations > 0
      ? [t("lose.authorizations", { count: simulated.deletedAuthorizations })]
      : []),
    ...(sessions.total > 0 ? [t("lose.sessions", { count: sessions.total })] : []),
  ];
}

function keyOf(item: Item): string {
  switch (item.kind) {
    case "GROUP":
      return `GROUP ${item.group}`;
    case "ROLE":
      return `ROLE ${item.role}`;
    case "TENANT":
      return `TENANT ${item.tenant}`;
    default:
      return item.kind;
  }
}
