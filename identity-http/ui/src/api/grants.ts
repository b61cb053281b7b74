/** Authorizations on resources, through the Orchestration Cluster API (`/v2`) or the management API (`/api`). */

import type { Session } from "../app/session";
import type { ListQuery } from "../parts/Listing";
import { api, ask, askFound, askPage, type Page, type Schemas } from "./client";
import type { Comparison } from "./conditions";
import { inCluster, inManagement, withText } from "./lists";
import type { GrantableType } from "./types";
import { askVersioned, only, type Versioned } from "./versions";

export type OwnerType = "USER" | "CLIENT" | "GROUP" | "ROLE" | "MAPPING_RULE";
export const OWNER_TYPES: readonly OwnerType[] = ["USER", "GROUP", "ROLE", "MAPPING_RULE", "CLIENT"];

export interface Owner {
  ownerType: OwnerType;
  ownerId: string;
}

export interface Grant extends Owner {
  /** Key of the authorization. The management API has no keys; there, it is composed of the identifying fields. */
  key: string;
  resourceType: string;
  /** Resource ID, or `*` for all; absent if `property` selects the resources. */
  resourceId?: string;
  property?: string;
  permissions: string[];
  /** Comparisons that must also hold; on custom resource types only. */
  condition?: Comparison[];
}

export type NewGrant = Omit<Grant, "key">;

/** Filter of a list. */
export interface Narrowed {
  owner?: Owner;
  resourceType?: string;
  /** Resource ID, or `*` for authorizations on all resources. */
  resourceId?: string;
  permission?: string;
}

export interface Grants {
  id: "cluster" | "management";
  /** Whether this API manages authorizations on the resource type. */
  takes: (type: Pick<GrantableType, "family">) => boolean;
  list: (query: ListQuery, narrowed: Narrowed) => Promise<Page<Grant>>;
  /** Loads an authorization again, with its version. */
  find: (grant: Grant) => Promise<Versioned<Grant>>;
  create: (grant: NewGrant) => Promise<Grant>;
  /** Changes the resource, permissions or condition; the owner and the type stay the same. */
  update: (grant: Grant, was: Grant, headers: Record<string, string>) => Promise<unknown>;
  /** Adds one permission to the authorization. */
  extend: (grant: Grant, permission: string) => Promise<unknown>;
  remove: (grant: Grant, headers: Record<string, string>) => Promise<unknown>;
  sorts: readonly string[];
}

type Sort = "ownerId" | "ownerType" | "resourceId" | "resourcePropertyName" | "resourceType";
type Request = Schemas["cluster.AuthorizationRequest"];
/** The OpenAPI document of `/v2` is another product's and has no conditions; authorizations on custom types do. */
type Shown = Schemas["cluster.Authorization"] & { condition?: Comparison[] };

const ofCluster: Grants = {
  id: "cluster",
  takes: ({ family }) => family !== "MANAGEMENT",
  sorts: ["ownerId", "resourceType", "resourceId"],
  async list(query, { owner, resourceType, resourceId, permission }) {
    const filter = { ...owner, resourceType, resourceIds: resourceId && [resourceId] };
    const { items, total } = await askFound(
      api.POST("/v2/authorizations/search", {
        // Includes types that the Orchestration Cluster API does not list.
        ...withText(query, { resourceTypes: "all", permission }),
        body: { ...inCluster<Sort>(query), filter: filter as never },
        signal: query.signal,
      }),
    );
    return { items: items.map(stored), total };
  },
  async find(grant) {
    const path = keyed(grant).params.path;
    const params = { path, query: { resourceTypes: "all" } as never };
    const { version, ...found } = await askVersioned(api.GET("/v2/authorizations/{authorizationKey}", { params }));
    return { ...stored(found), version };
  },
  async create(grant) {
    const { authorizationKey } = await ask(api.POST("/v2/authorizations", { body: clusterBody(grant) }));
    return { ...grant, key: authorizationKey };
  },
  update: (grant, _, headers) => replace(grant, headers),
  // A request replaces all permissions, so those of now are read first.
  async extend(grant, permission) {
    const now = await ofCluster.find(grant);
    return replace({ ...now, permissions: [...now.permissions, permission] }, only(now));
  },
  remove: (grant, headers) => ask(api.DELETE("/v2/authorizations/{authorizationKey}", { ...keyed(grant), headers })),
};

const stored = (item: Shown): Grant => ({
  key: item.authorizationKey,
  ownerType: item.ownerType as OwnerType,
  ownerId: item.ownerId,
  resourceType: item.resourceType,
  resourceId: item.resourceId ?? undefined,
  property: item.resourcePropertyName ?? undefined,
  permissions: item.permissionTypes,
  condition: item.condition,
});

const keyed = ({ key }: Grant) => ({ params: { path: { authorizationKey: key } } });

function replace(grant: Grant, headers: Record<string, string>) {
  return ask(api.PUT("/v2/authorizations/{authorizationKey}", { ...keyed(grant), body: clusterBody(grant), headers }));
}

const clusterBody = ({ ownerType, ownerId, resourceType, resourceId, property, permissions, condition }: NewGrant) =>
  ({
    ownerType,
    ownerId,
    resourceType,
    ...(property ? { resourcePropertyName: property } : { resourceId: resourceId ?? "*" }),
    permissionTypes: permissions,
    // An omitted condition keeps the current one; `null` removes it.
    ...({ condition: condition ?? null } as object),
  }) as Request;

const entityType = (type: OwnerType): Schemas["EntityType"] => (type === "CLIENT" ? "APPLICATION" : type);

const ofManagement: Grants = {
  id: "management",
  takes: ({ family }) => family !== "CLUSTER",
  sorts: [],
  async list(query, { owner, resourceType, resourceId, permission }) {
    const whose = owner && { entityId: owner.ownerId, entityType: entityType(owner.ownerType) };
    const { params, signal } = inManagement(query);
    const { items, total } = await askPage(
      api.GET("/api/authorizations", {
        params: { query: { ...params.query, ...whose, resourceType, resourceKey: resourceId, permission } },
        signal,
      }),
    );
    return { items: items.map(managed), total };
  },
  async find(grant) {
    const whose = { entityId: grant.ownerId, entityType: entityType(grant.ownerType) };
    const query = { ...whose, resourceType: grant.resourceType, versions: true };
    const found = await ask(api.GET("/api/authorizations", { params: { query } }));
    const now = found.find((item) => managed(item).key === grant.key);
    return now ? { ...managed(now), version: `"${now.version}"` } : { ...grant, permissions: [], version: "" };
  },
  async create(grant) {
    await add(grant);
    return { ...grant, key: keyOf(place(grant)) };
  },
  update: put,
  extend: (grant, permission) => add({ ...grant, permissions: [permission] }),
  remove: (grant, headers) => put({ ...grant, permissions: [] }, grant, headers),
};

type Place = Pick<
  Schemas["AuthorizationView"],
  "entityType" | "entityId" | "resourceType" | "resourceKey" | "condition"
>;

const keyOf = ({ entityType, entityId, resourceType, resourceKey, condition }: Place) =>
  JSON.stringify([entityType, entityId, resourceType, resourceKey, condition]);

const managed = (item: Schemas["AuthorizationView"]): Grant => ({
  key: keyOf(item),
  ownerType: item.entityType === "APPLICATION" ? "CLIENT" : item.entityType,
  ownerId: item.entityId,
  resourceType: item.resourceType,
  resourceId: item.resourceKey,
  permissions: item.permissions,
  condition: item.condition ?? undefined,
});

/** Adds the permissions in one change; existing permissions are kept. */
function add({ permissions, ...grant }: NewGrant) {
  return ask(api.PATCH("/api/authorizations", { body: { ...place(grant), permissions } }));
}

function put({ permissions, ...grant }: NewGrant, was: Grant, headers: Record<string, string>) {
  const replaces = { resourceKey: was.resourceId ?? "*", condition: was.condition };
  return ask(api.PUT("/api/authorizations", { body: { ...place(grant), permissions, replaces }, headers }));
}

const place = ({ ownerType, ownerId, resourceType, resourceId, condition }: Omit<NewGrant, "permissions">) => ({
  entityId: ownerId,
  entityType: entityType(ownerType),
  resourceKey: resourceId ?? "*",
  resourceType,
  condition,
});

/** Returns the APIs in which the session can manage authorizations. */
export const grantsOf = (session: Session): Grants[] => [
  ...(session.has("cluster") ? [ofCluster] : []),
  ...(session.has("authorizations") ? [ofManagement] : []),
];

/**
 * Returns the API for authorizations on a resource type. If both apply, it is the management API, which requires only
 * `write`. A type unknown to the session was created later and is therefore custom.
 */
export function grantsOn(session: Session, resourceType: string): Grants | undefined {
  const known = session.capabilities.resourceTypes.find(({ type }) => type === resourceType);
  return grantsOf(session).findLast(({ takes }) => takes(known ?? { family: "OWN" }));
}
