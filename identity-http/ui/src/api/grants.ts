/** Authorizations: who may do what with which resources, in both APIs. */

import type { Session } from "../app/session";
import type { ListQuery } from "../parts/Listing";
import { local } from "../parts/Listing";
import { type Page, type Schemas, api, ask, askFound, askPage } from "./client";
import { inCluster } from "./lists";

export type OwnerType = "USER" | "CLIENT" | "GROUP" | "ROLE" | "MAPPING_RULE";
export const OWNER_TYPES: readonly OwnerType[] = ["USER", "GROUP", "ROLE", "MAPPING_RULE", "CLIENT"];

export interface Owner {
  ownerType: OwnerType;
  ownerId: string;
}

export interface Grant extends Owner {
  /** The authorization's own key; what it is about, where it has none. */
  key: string;
  resourceType: string;
  /** An id, or `*` for all; none when a property says which. */
  resourceId?: string;
  property?: string;
  permissions: string[];
}

export type NewGrant = Omit<Grant, "key">;

export interface Grants {
  id: "cluster" | "management";
  types: Schemas["GrantableType"][];
  list: (query: ListQuery, owner?: Owner) => Promise<Page<Grant>>;
  create: (grant: NewGrant) => Promise<unknown>;
  /** Other permissions for the same owner and resource. */
  update: (grant: Grant) => Promise<unknown>;
  remove: (grant: Grant) => Promise<unknown>;
  sorts: readonly string[];
  searched: boolean;
}

type Sort = "ownerId" | "ownerType" | "resourceId" | "resourcePropertyName" | "resourceType";
type Request = Schemas["cluster.AuthorizationRequest"];

function ofCluster(types: Schemas["GrantableType"][]): Grants {
  const body = ({ ownerType, ownerId, resourceType, resourceId, property, permissions }: NewGrant) =>
    ({
      ownerType,
      ownerId,
      resourceType,
      ...(property ? { resourcePropertyName: property } : { resourceId: resourceId ?? "*" }),
      permissionTypes: permissions,
    }) as Request;
  return {
    id: "cluster",
    types,
    sorts: ["ownerId", "resourceType", "resourceId"],
    searched: true,
    async list(query, owner) {
      const filter = { ...owner, ...(query.search && !owner ? { ownerId: query.search } : {}) };
      const { items, total } = await askFound(
        api.POST("/v2/authorizations/search", { body: { ...inCluster<Sort>(query), filter } }),
      );
      const grant = (item: Schemas["cluster.Authorization"]): Grant => ({
        key: item.authorizationKey,
        ownerType: item.ownerType as OwnerType,
        ownerId: item.ownerId,
        resourceType: item.resourceType,
        resourceId: item.resourceId ?? undefined,
        property: item.resourcePropertyName ?? undefined,
        permissions: item.permissionTypes,
      });
      return { items: items.map(grant), total };
    },
    create: (grant) => ask(api.POST("/v2/authorizations", { body: body(grant) })),
    update: (grant) =>
      ask(
        api.PUT("/v2/authorizations/{authorizationKey}", {
          params: { path: { authorizationKey: grant.key } },
          body: body(grant),
        }),
      ),
    remove: ({ key }) =>
      ask(api.DELETE("/v2/authorizations/{authorizationKey}", { params: { path: { authorizationKey: key } } })),
  };
}

function ofManagement(types: Schemas["GrantableType"][]): Grants {
  const put = ({ ownerType, ownerId, resourceType, resourceId, permissions }: NewGrant) =>
    ask(
      api.PUT("/api/authorizations", {
        body: {
          entityId: ownerId,
          entityType: ownerType === "CLIENT" ? "APPLICATION" : ownerType,
          resourceKey: resourceId ?? "*",
          resourceType,
          permissions,
        },
      }),
    );
  const grant = (item: Schemas["AuthorizationView"]): Grant => ({
    key: JSON.stringify([item.entityType, item.entityId, item.resourceType, item.resourceKey]),
    ownerType: item.entityType === "APPLICATION" ? "CLIENT" : item.entityType,
    ownerId: item.entityId,
    resourceType: item.resourceType,
    resourceId: item.resourceKey,
    permissions: item.permissions,
  });
  const list = (search: string, rest: { page?: number; resultSize?: number }) =>
    askPage(api.GET("/api/authorizations", { params: { query: { search: search || undefined, ...rest } } }));
  return {
    id: "management",
    types,
    sorts: [],
    searched: true,
    async list(query, owner) {
      if (owner) {
        // Those of one owner are found by its id, and looked through here: others may have that in theirs.
        const all = async () => {
          const { items } = await list(owner.ownerId, {});
          return items
            .map(grant)
            .filter(({ ownerId, ownerType }) => ownerId === owner.ownerId && ownerType === owner.ownerType);
        };
        return local(all, ({ resourceType, resourceId }) => [resourceType, resourceId ?? ""])(query);
      }
      const { items, total } = await list(query.search, { page: query.page, resultSize: query.size });
      return { items: items.map(grant), total };
    },
    create: put,
    update: put,
    remove: (grant) => put({ ...grant, permissions: [] }),
  };
}

/** Where authorizations can be made. */
export function grantsOf(session: Session): Grants[] {
  const { resourceTypes } = session.capabilities;
  const cluster = resourceTypes.filter(({ isCluster }) => isCluster);
  const management = resourceTypes.filter(({ isCluster }) => !isCluster);
  return [
    ...(session.has("cluster") ? [ofCluster(cluster)] : []),
    ...(session.has("authorizations") ? [ofManagement(management)] : []),
  ];
}
