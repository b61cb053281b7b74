/** Direct members of groups, roles and tenants, by kind. */

import type { Session } from "../app/session";
import { t } from "../lib/i18n";
import { inTurn } from "../lib/inTurn";
import type { Description, Holder } from "../lib/policyDocument";
import type { ListQuery } from "../parts/Listing";
import { api, ask, askPage, type Page, type Schemas } from "./client";
import { asProblem } from "./problem";
import { titleOf } from "./roles";

export interface Member {
  id: string;
  name: string;
  /** Readable identifier, if it is not the ID. */
  shownId?: string;
}
export type MemberKind = Schemas["EntityType"];

export type { Holder };

export interface Members {
  /** Loads a page, or all members if the API has no pages. */
  load: { page: (query: ListQuery) => Promise<Page<Member>> } | { all: (signal?: AbortSignal) => Promise<Member[]> };
  add: (ids: string[]) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
}

const KINDS = {
  groups: ["USER", "APPLICATION", "MAPPING_RULE"],
  roles: ["USER", "GROUP", "MAPPING_RULE", "APPLICATION"],
  tenants: ["USER", "GROUP", "ROLE", "MAPPING_RULE", "APPLICATION"],
} as const;

/** Returns the kinds of members that an entity can have in the session's profile. */
export function kindsOf(session: Session, type: Holder["type"]): readonly MemberKind[] {
  if (!session.has("memberships")) return KINDS[type].filter((kind) => kind in inDirectory[type]);
  // Mapping rules apply to tokens; profiles without tokens have none.
  return KINDS[type].filter((kind) => kind !== "MAPPING_RULE" || session.has("mapping-rules"));
}

/** Returns the members of one kind, which must be one of `kindsOf`. */
export function membersOf(session: Session, holder: Holder, kind: MemberKind): Members {
  const ofDirectory = session.has("memberships") ? undefined : inDirectory[holder.type][kind];
  return ofDirectory ? ofDirectory(holder.id) : stored(holder, kind);
}

/** Adds a user or group to a tenant, or removes it. */
export const inTenant = (session: Session, tenantId: string, kind: "USER" | "GROUP") =>
  membersOf(session, { type: "tenants", id: tenantId }, kind);

/** Counts the members of one kind. */
export async function countOf(session: Session, holder: Holder, kind: MemberKind): Promise<number> {
  const { load } = membersOf(session, holder, kind);
  return "all" in load ? (await load.all()).length : (await load.page({ search: "", page: 0, size: 1 })).total;
}

/** Loads the name and description of a group, role or tenant; `undefined` for a default role, which has fixed ones. */
export async function descriptionOf(session: Session, { type, id }: Holder): Promise<Description | undefined> {
  switch (type) {
    case "groups": {
      const { name, description } = await ask(api.GET("/api/groups/{id}", { params: { path: { id } } }));
      return { name, description: description ?? "" };
    }
    case "roles": {
      if (session.isProtected("ROLE", id)) return undefined;
      const role = await ask(api.GET("/api/roles/{name}", { params: { path: { name: id } } }));
      return { name: titleOf(role), description: role.description };
    }
    case "tenants": {
      const path = { tenantId: id };
      const { name, description } = await ask(api.GET("/api/tenants/{tenantId}", { params: { path } }));
      return { name, description: description ?? "" };
    }
  }
}

/** States how many memberships end with several entities, whose deletion cannot be simulated. */
export async function endingMemberships(session: Session, holders: readonly Holder[]): Promise<string[]> {
  const counts = holders.flatMap((holder) =>
    kindsOf(session, holder.type).map((kind) => countOf(session, holder, kind)),
  );
  const count = (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
  return count > 0 ? [t("bulk.memberships", { count })] : [];
}

/** States how many members of each kind a deletion removes. */
export async function lostMembers(session: Session, holder: Holder): Promise<string[]> {
  const counts = await Promise.all(
    kindsOf(session, holder.type).map(async (kind) => [kind, await countOf(session, holder, kind)] as const),
  );
  return counts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => t(`lose.${holder.type}.${kind}` as "lose.groups.USER", { count }));
}

/** Ignores that an entity is a member already: a dialog knows only the members that its page shows. */
function unlessMember(error: unknown) {
  if (asProblem(error).reason !== "already_member") throw error;
}

/** Members of an entity that this server stores. The paths of the three types differ only in their first segment. */
function stored({ type, id }: Holder, memberType: MemberKind): Members {
  const members = `/api/${type}/{id}/members` as "/api/groups/{id}/members";
  const member =
    `/api/${type}/{id}/members/{memberType}/{memberId}` as "/api/groups/{id}/members/{memberType}/{memberId}";
  const path = { id };
  return {
    load: {
      page({ search, page, size, signal }) {
        const query = { memberType, search: search || undefined, page, resultSize: size };
        return askPage(api.GET(members, { params: { path, query }, signal }));
      },
    },
    add: (ids) =>
      inTurn(ids, (memberId) =>
        ask(api.POST(members, { params: { path }, body: { memberType, memberId } })).catch(unlessMember),
      ),
    remove: (memberId) => ask(api.DELETE(member, { params: { path: { id, memberType, memberId } } })),
  };
}

const ofUser = ({ id, username, name }: Schemas["UserView"]): Member => ({
  id,
  name: name || username,
  shownId: username,
});
const ofApplication = ({ clientId, name }: Schemas["ApplicationView"]): Member => ({ id: clientId, name });

/** Members that are in an external directory. */
const inDirectory: Record<Holder["type"], Partial<Record<MemberKind, (id: string) => Members>>> = {
  groups: {
    USER: (id) => {
      const path = { params: { path: { id } } };
      return {
        load: {
          all: async (signal) => (await ask(api.GET("/api/groups/{id}/users", { ...path, signal }))).map(ofUser),
        },
        add: (ids) => inTurn(ids, (userId) => ask(api.POST("/api/groups/{id}/users", { ...path, body: { userId } }))),
        remove: (userId) => ask(api.DELETE("/api/groups/{id}/users/{userId}", { params: { path: { id, userId } } })),
      };
    },
  },
  roles: {},
  tenants: {
    USER: (tenantId) => {
      const path = { params: { path: { tenantId } } };
      const users = "/api/tenants/{tenantId}/users";
      return {
        load: { all: async (signal) => (await ask(api.GET(users, { ...path, signal }))).map(ofUser) },
        add: (userIds) => ask(api.POST(users, { ...path, body: { userIds } })),
        remove: (userId) => ask(api.DELETE(`${users}/{userId}`, { params: { path: { tenantId, userId } } })),
      };
    },
    GROUP: (tenantId) => {
      const path = { params: { path: { tenantId } } };
      const groups = "/api/tenants/{tenantId}/groups";
      return {
        load: { all: (signal) => ask(api.GET(groups, { ...path, signal })) },
        add: (groupIds) => ask(api.POST(groups, { ...path, body: { groupIds } })),
        remove: (groupId) => ask(api.DELETE(`${groups}/{groupId}`, { params: { path: { tenantId, groupId } } })),
      };
    },
    APPLICATION: (tenantId) => {
      const path = { params: { path: { tenantId } } };
      const applications = "/api/tenants/{tenantId}/applications";
      return {
        load: { all: async (signal) => (await ask(api.GET(applications, { ...path, signal }))).map(ofApplication) },
        add: (applicationIds) => ask(api.POST(applications, { ...path, body: { applicationIds } })),
        remove: (clientId) =>
          ask(api.DELETE(`${applications}/{clientId}`, { params: { path: { tenantId, clientId } } })),
      };
    },
  },
};
