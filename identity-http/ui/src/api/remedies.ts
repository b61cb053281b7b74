/** Remedies for denials that can be applied here. */

import type { Session } from "../app/session";
import { api, ask } from "./client";
import { type Authorization, joining, type Membership, type NearMiss, type Party, type Scope } from "./decisions";
import { type Grant, grantsOn } from "./grants";
import { kindsOf, membersOf } from "./members";
import { usersOf } from "./people";
import { withPermissions } from "./roles";
import { only } from "./versions";

const scoped = (scope: Scope): Pick<Grant, "resourceId" | "property"> =>
  scope.match === "ANY"
    ? { resourceId: "*" }
    : scope.match === "ID"
      ? { resourceId: scope.value }
      : { property: scope.value };

const grantOf = ({ key, owner, resource_type, scope, permissions, condition }: Authorization): Grant => ({
  key: String(key),
  ownerType: owner.type,
  ownerId: owner.id,
  resourceType: resource_type,
  ...scoped(scope),
  permissions,
  condition,
});

/** Change that applies a remedy. */
export interface Cure {
  run: () => Promise<unknown>;
  /** Takes the change back; absent if that needs more than this change. */
  undo?: () => Promise<unknown>;
  /** The change as the simulation takes it; absent if it cannot be simulated. */
  change?: () => Promise<object>;
}

const HOLDERS = { GROUP: "groups", ROLE: "roles", TENANT: "tenants" } as const;

function addMember(session: Session, membership: Membership): Cure | undefined {
  const { container, member: who } = membership;
  const holder = { type: HOLDERS[container.type], id: container.id };
  const kind = who.type === "CLIENT" ? "APPLICATION" : who.type;
  if (!kindsOf(session, holder.type).includes(kind)) return undefined;
  const members = membersOf(session, holder, kind);
  return {
    run: () => members.add([who.id]),
    undo: () => members.remove(who.id),
    change: async () => joining(container.type, container.id, who.type, who.id),
  };
}

/**
 * Returns the change that applies a remedy, or `undefined` if the remedy requires further decisions or an unavailable
 * surface.
 */
export function cure(session: Session, principal: Party, miss: NearMiss): Cure | undefined {
  const { remedy, through } = miss;
  switch (remedy.remedy) {
    case "ADD_MEMBER":
      return session.has("memberships") ? addMember(session, remedy.membership) : undefined;
    case "JOIN_TENANT":
      return addMember(session, { container: { type: "TENANT", id: remedy.tenant }, member: principal });
    case "REACTIVATE": {
      const users = usersOf(session);
      if (!users) return undefined;
      const { user } = remedy;
      return {
        run: () => users.setEnabled(user, true),
        undo: () => users.setEnabled(user, false),
        change: async () => ({ reactivateUser: user }),
      };
    }
    case "EXTEND_ROLE": {
      const { audience, definition } = remedy.permission;
      const body = { resourceServerAudience: audience, definition };
      const path = { name: remedy.role };
      const held = { ...path, resourceServerAudience: audience, definition };
      return {
        run: () => ask(api.POST("/api/roles/{name}/permissions", { params: { path }, body })),
        undo: () =>
          ask(
            api.DELETE("/api/roles/{name}/permissions/{resourceServerAudience}/{definition}", {
              params: { path: held },
            }),
          ),
        change: session.has("memberships")
          ? async () => {
              const present = await ask(api.GET("/api/roles/{name}/permissions", { params: { path } }));
              return withPermissions(remedy.role, [...present, body]);
            }
          : undefined,
      };
    }
    case "CREATE_AUTHORIZATION": {
      const grants = grantsOn(session, remedy.resource_type);
      const [first] = remedy.permissions;
      if (!grants || !first) return undefined;
      const { owner, resource_type, scope } = remedy;
      const grant = { ownerType: owner.type, ownerId: owner.id, resourceType: resource_type, ...scoped(scope) };
      const { resourceId = "*" } = grant;
      const change = { ...grant, resourceId, permissions: [first] };
      return {
        run: () => grants.create({ ...grant, permissions: [first] }),
        change: async () => ({ createAuthorization: change }),
      };
    }
    case "EXTEND_AUTHORIZATION": {
      const grants = through && grantsOn(session, through.resource_type);
      if (!grants) return undefined;
      const grant = grantOf(through);
      const extended = { ...grant, permissions: [...grant.permissions, remedy.permission] };
      const { key: _key, property: _property, ...change } = extended;
      return {
        run: () => grants.extend(grant, remedy.permission),
        undo: async () => {
          const now = await grants.find(extended);
          const permissions = now.permissions.filter((permission) => permission !== remedy.permission);
          return grants.update({ ...now, permissions }, now, only(now));
        },
        change: grant.property
          ? undefined
          : async () => ({ createAuthorization: { ...change, resourceId: grant.resourceId ?? "*" } }),
      };
    }
    default:
      return undefined;
  }
}
