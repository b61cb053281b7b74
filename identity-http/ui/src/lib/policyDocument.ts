/**
 * Writes changes as a fragment of the configuration, whose section `initialization` has the words of policy documents
 * (docs/configuration.md). Such a document creates and corrects entities, and removes nothing.
 */

import { proposedId } from "./proposedId";
import { type Yaml, yaml } from "./yaml";

export interface ChangeRequest {
  method: string;
  /** Path below the base of the server. */
  path: string;
  body: unknown;
}

/** A group, role or tenant. */
export interface Holder {
  type: "groups" | "roles" | "tenants";
  id: string;
}

/** What a document states of a group, role or tenant in addition to its ID and members. */
export interface Description {
  name: string;
  description: string;
}

type MemberWord = "users" | "clients" | "groups" | "roles" | "mapping-rules";
type Fields = Record<string, Yaml | undefined>;

interface HolderPart {
  in: Holder["type"];
  id: string;
  described?: Partial<Description>;
  /** A list of the entity, and its new element. */
  word?: MemberWord | "permissions";
  item?: Yaml;
}

/** Part of a document that follows from a request. */
type Part = { in: "resource-types" | "mapping-rules" | "authorizations"; fields: Fields } | HolderPart;

const HOLDER_IDS = { groups: "group-id", roles: "role-id", tenants: "tenant-id" } as const;

const MEMBER_WORDS: Record<string, MemberWord> = {
  USER: "users",
  CLIENT: "clients",
  APPLICATION: "clients",
  GROUP: "groups",
  ROLE: "roles",
  MAPPING_RULE: "mapping-rules",
};

// biome-ignore lint/suspicious/noExplicitAny: bodies are those of the requests below, whose types are generated
type Body = any;
type Route = (body: Body, id: string) => Part[] | undefined;

const created = (type: Holder["type"], id: string, name: string, description?: string | null): Part[] => [
  { in: type, id, described: { name, description: description ?? "" } },
];
const corrected = (type: Holder["type"], id: string, described: Partial<Description>): Part[] => [
  { in: type, id, described },
];
const joined = (type: Holder["type"], id: string, word: MemberWord, item: string): Part => ({
  in: type,
  id,
  word,
  item,
});

const memberOf =
  (type: Holder["type"]): Route =>
  ({ memberType, memberId }, id) => {
    const word = MEMBER_WORDS[memberType];
    return word && [joined(type, id, word, memberId)];
  };

/** Documents have neither the operator `CONTAINS` nor issuers. */
function rule({ name, claimName, claimValue, operator, issuer, ...applied }: Body, id: string): Part[] | undefined {
  if (operator === "CONTAINS" || issuer) return undefined;
  const to = (type: Holder["type"], ids: string[] = []) => ids.map((one) => joined(type, one, "mapping-rules", id));
  return [
    {
      in: "mapping-rules",
      fields: { "mapping-rule-id": id, name, "claim-name": claimName, "claim-value": claimValue },
    },
    ...to("roles", applied.appliedRoleNames),
    ...to("tenants", applied.appliedTenantIds),
    ...to("groups", applied.appliedGroupIds),
  ];
}

const authorization = (
  ownerType: string,
  ownerId: string,
  permissions: string[],
  rest: Fields,
  condition: unknown,
): Part[] => [
  {
    in: "authorizations",
    fields: {
      "owner-type": ownerType === "APPLICATION" ? "CLIENT" : ownerType,
      "owner-id": ownerId,
      ...rest,
      permissions,
      condition: condition ? JSON.stringify(condition) : undefined,
    },
  },
];
const ofCluster: Route = ({
  ownerType,
  ownerId,
  resourceType,
  resourceId,
  resourcePropertyName,
  permissionTypes,
  condition,
}) =>
  authorization(
    ownerType,
    ownerId,
    permissionTypes,
    {
      "resource-type": resourceType,
      "resource-id": resourcePropertyName ? undefined : resourceId,
      "resource-property-name": resourcePropertyName ?? undefined,
    },
    condition,
  );
const ofManagement: Route = ({ entityType, entityId, resourceType, resourceKey, permissions, condition }) =>
  authorization(
    entityType,
    entityId,
    permissions,
    { "resource-type": resourceType, "resource-id": resourceKey },
    condition,
  );

const resourceType = ({ supportedPermissions, properties }: Body, type: string): Part[] => [
  { in: "resource-types", fields: { "resource-type": type, permissions: supportedPermissions, properties } },
];

/** Requests that a document can express. `{id}` is the second parameter of the route. */
const ROUTES: Record<string, Route> = {
  "POST /v2/groups": ({ groupId, name, description }) => created("groups", groupId, name, description),
  "PUT /v2/groups/{id}": ({ name, description }, id) => corrected("groups", id, { name, description }),
  "PUT /api/groups/{id}": ({ name }, id) => corrected("groups", id, { name }),
  "POST /api/groups/{id}/members": memberOf("groups"),
  "POST /api/groups/{id}/users": ({ userId }, id) => [joined("groups", id, "users", userId)],
  "POST /api/groups/{id}/roles": ({ roleName }, id) => [joined("roles", roleName, "groups", id)],
  "POST /api/roles": ({ name, displayName, description }) => created("roles", name, displayName ?? name, description),
  "PUT /api/roles/{id}": ({ displayName, description }, id) =>
    corrected("roles", id, { name: displayName, description }),
  "POST /api/roles/{id}/members": memberOf("roles"),
  "POST /api/roles/{id}/permissions": ({ resourceServerAudience, definition }, id) => [
    { in: "roles", id, word: "permissions", item: { audience: resourceServerAudience, permission: definition } },
  ],
  "POST /v2/tenants": ({ tenantId, name, description }) => created("tenants", tenantId, name, description),
  "PUT /v2/tenants/{id}": ({ name, description }, id) => corrected("tenants", id, { name, description }),
  "POST /api/tenants": ({ tenantId, name }) => created("tenants", tenantId, name),
  "PUT /api/tenants/{id}": ({ name }, id) => corrected("tenants", id, { name }),
  "POST /api/tenants/{id}/members": memberOf("tenants"),
  "POST /api/mapping-rules": (body) => rule(body, proposedId(body.name)),
  "PUT /api/mapping-rules/{id}": rule,
  "POST /v2/authorizations": ofCluster,
  "PUT /v2/authorizations/{id}": ofCluster,
  "PATCH /api/authorizations": ofManagement,
  "PUT /api/authorizations": ofManagement,
  "POST /api/resource-types": (body) => resourceType(body, body.type),
  "PUT /api/resource-types/{id}": resourceType,
};

function partsOf({ method, path, body }: ChangeRequest): Part[] | undefined {
  const [, api, kind, id, ...rest] = path.split("/");
  const pattern = [api, kind, ...(id === undefined ? [] : ["{id}", ...rest])].join("/");
  return ROUTES[`${method} /${pattern}`]?.(body, decodeURIComponent(id ?? ""));
}

/** Replaces the sign that begins placeholders in configuration files, and drops what is absent or empty. */
function written(value: Yaml | undefined): Yaml | undefined {
  if (typeof value === "string") return value.replaceAll("${", "\\${");
  if (Array.isArray(value)) return value.length > 0 ? value.flatMap((item: Yaml) => written(item) ?? []) : undefined;
  const members = Object.entries(value ?? {}).flatMap(([key, member]) => {
    const kept = written(member);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}

/**
 * Returns the fragment for changes; `undefined` if a document cannot express them. `describe` loads a group, role or
 * tenant, because a document that omits the name or the description would change them. It returns `undefined` for a
 * default role, of which a document states the members only.
 */
export async function policyDocument(
  requests: readonly ChangeRequest[],
  describe: (holder: Holder) => Promise<Description | undefined>,
): Promise<string | undefined> {
  const sections: Record<Part["in"], Fields[]> = {
    "resource-types": [],
    "mapping-rules": [],
    groups: [],
    roles: [],
    tenants: [],
    authorizations: [],
  };
  const defaultRoles: Record<string, Fields> = {};
  const holders = new Map<string, Fields>();

  async function fieldsOf({ in: type, id, described }: HolderPart): Promise<Fields> {
    const { name, description } = described ?? {};
    const isWhole = name !== undefined && description !== undefined;
    const found = isWhole ? { name, description } : await describe({ type, id });
    if (!found) {
      const members: Fields = {};
      defaultRoles[id] = members;
      return members;
    }
    const fields: Fields = {
      [HOLDER_IDS[type]]: id,
      name: name ?? found.name,
      description: (description ?? found.description) || undefined,
    };
    sections[type].push(fields);
    return fields;
  }

  for (const request of requests) {
    const parts = partsOf(request);
    if (!parts) return undefined;
    for (const part of parts) {
      if ("fields" in part) {
        sections[part.in].push(part.fields);
        continue;
      }
      const key = `${part.in} ${part.id}`;
      const fields = holders.get(key) ?? (await fieldsOf(part));
      holders.set(key, fields);
      if (part.word && part.item) fields[part.word] = [...((fields[part.word] as Yaml[] | undefined) ?? []), part.item];
    }
  }
  const initialization = written({ ...sections, "default-roles": defaultRoles } as Yaml);
  return initialization && yaml({ initialization });
}
