/** Who has a role, where the Orchestration Cluster API says it. */

import type { ListQuery } from "../parts/Listing";
import { type Page, api, ask, askFound } from "./client";
import { inCluster } from "./lists";

export interface RoleMember {
  id: string;
  name: string;
}

export interface MembersOfKind {
  page: (query: ListQuery) => Promise<Page<RoleMember>>;
  add: (id: string) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
}

const named = (id: string): RoleMember => ({ id, name: id });
const show = <T>(page: Page<T>, member: (item: T) => RoleMember): Page<RoleMember> => ({
  total: page.total,
  items: page.items.map(member),
});

export const KINDS = ["users", "groups", "mapping-rules", "clients"] as const;
export type Kind = (typeof KINDS)[number];

/** The members of a role, by kind. */
export const membersOf = (roleId: string): Record<Kind, MembersOfKind> => ({
  users: {
    page: async (query) =>
      show(
        await askFound(
          api.POST("/v2/roles/{roleId}/users/search", { params: { path: { roleId } }, body: inCluster<"username">(query) }),
        ),
        ({ username }) => named(username),
      ),
    add: (username) => ask(api.PUT("/v2/roles/{roleId}/users/{username}", { params: { path: { roleId, username } } })),
    remove: (username) =>
      ask(api.DELETE("/v2/roles/{roleId}/users/{username}", { params: { path: { roleId, username } } })),
  },
  groups: {
    page: async (query) =>
      show(
        await askFound(
          api.POST("/v2/roles/{roleId}/groups/search", { params: { path: { roleId } }, body: inCluster<"groupId">(query) }),
        ),
        ({ groupId }) => named(groupId),
      ),
    add: (groupId) => ask(api.PUT("/v2/roles/{roleId}/groups/{groupId}", { params: { path: { roleId, groupId } } })),
    remove: (groupId) =>
      ask(api.DELETE("/v2/roles/{roleId}/groups/{groupId}", { params: { path: { roleId, groupId } } })),
  },
  "mapping-rules": {
    page: async (query) =>
      show(
        await askFound(
          api.POST("/v2/roles/{roleId}/mapping-rules/search", { params: { path: { roleId } }, body: inCluster(query) }),
        ),
        ({ mappingRuleId, name }) => ({ id: mappingRuleId, name }),
      ),
    add: (mappingRuleId) =>
      ask(api.PUT("/v2/roles/{roleId}/mapping-rules/{mappingRuleId}", { params: { path: { roleId, mappingRuleId } } })),
    remove: (mappingRuleId) =>
      ask(
        api.DELETE("/v2/roles/{roleId}/mapping-rules/{mappingRuleId}", { params: { path: { roleId, mappingRuleId } } }),
      ),
  },
  clients: {
    page: async (query) =>
      show(
        await askFound(
          api.POST("/v2/roles/{roleId}/clients/search", { params: { path: { roleId } }, body: inCluster<"clientId">(query) }),
        ),
        ({ clientId }) => named(clientId),
      ),
    add: (clientId) => ask(api.PUT("/v2/roles/{roleId}/clients/{clientId}", { params: { path: { roleId, clientId } } })),
    remove: (clientId) =>
      ask(api.DELETE("/v2/roles/{roleId}/clients/{clientId}", { params: { path: { roleId, clientId } } })),
  },
});
