/** Remedies for denials that can be applied with one click. */

import type { Session } from "../app/session";
import { api, ask, type Schemas } from "./client";
import type { Authorization, Membership, NearMiss, Party, Scope } from "./decisions";
import { type Grant, grantsOn } from "./grants";
import { join } from "./tenants";

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

function addMember({ container, member }: Membership): (() => Promise<unknown>) | undefined {
  const { id } = container;
  if (container.type === "ROLE") {
    const memberType: Schemas["EntityType"] = member.type === "CLIENT" ? "APPLICATION" : member.type;
    const body = { memberType, memberId: member.id };
    return () => ask(api.POST("/api/roles/{name}/members", { params: { path: { name: id } }, body }));
  }
  if (container.type === "GROUP" && member.type === "USER")
    return () => ask(api.POST("/api/groups/{id}/users", { params: { path: { id } }, body: { userId: member.id } }));
  return container.type === "TENANT" ? joinTenant(id, member) : undefined;
}

function joinTenant(tenantId: string, { type, id }: Party): (() => Promise<unknown>) | undefined {
  return type === "USER" || type === "CLIENT" ? () => join[type](tenantId, [id]) : undefined;
}

/**
 * Returns the function that applies a remedy, or `undefined` if the remedy requires further decisions or an unavailable
 * surface.
 */
export function doing(session: Session, principal: Party, miss: NearMiss): (() => Promise<unknown>) | undefined {
  const { remedy, through } = miss;
  switch (remedy.remedy) {
    case "ADD_MEMBER":
      return session.has("memberships") ? addMember(remedy.membership) : undefined;
    case "JOIN_TENANT":
      return joinTenant(remedy.tenant, principal);
    case "EXTEND_ROLE": {
      const { audience, definition } = remedy.permission;
      const body = { resourceServerAudience: audience, definition };
      return () => ask(api.POST("/api/roles/{name}/permissions", { params: { path: { name: remedy.role } }, body }));
    }
    case "CREATE_AUTHORIZATION": {
      const grants = grantsOn(session, remedy.resource_type);
      const [first] = remedy.permissions;
      if (!grants || !first) return undefined;
      const { owner, resource_type, scope } = remedy;
      const grant = { ownerType: owner.type, ownerId: owner.id, resourceType: resource_type, ...scoped(scope) };
      return () => grants.create({ ...grant, permissions: [first] });
    }
    case "EXTEND_AUTHORIZATION": {
      const grants = through && grantsOn(session, through.resource_type);
      if (!grants) return undefined;
      const grant = grantOf(through);
      return () => grants.extend(grant, remedy.permission);
    }
    default:
      return undefined;
  }
}
