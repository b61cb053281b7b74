/** Who has a role themselves, where roles live here. */

import type { ListQuery } from "../parts/Listing";
import { type Page, type Schemas, api, ask, askPage } from "./client";

export type RoleMember = Schemas["RoleMember"];

/** What people see of a role: its key, where it has no name beside it. */
export const titleOf = ({ name, displayName }: Schemas["RoleView"]) => displayName ?? name;

export const KINDS = ["USER", "GROUP", "MAPPING_RULE", "APPLICATION"] as const;
export type Kind = (typeof KINDS)[number];

export interface MembersOfKind {
  page: (query: ListQuery) => Promise<Page<RoleMember>>;
  add: (id: string) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
}

/** The members of a kind that a role has. */
export const membersOf = (name: string, memberType: Kind): MembersOfKind => ({
  page: ({ page, size }) =>
    askPage(
      api.GET("/api/roles/{name}/members", { params: { path: { name }, query: { memberType, page, resultSize: size } } }),
    ),
  add: (memberId) =>
    ask(api.POST("/api/roles/{name}/members", { params: { path: { name } }, body: { memberType, memberId } })),
  remove: (memberId) =>
    ask(
      api.DELETE("/api/roles/{name}/members/{memberType}/{memberId}", {
        params: { path: { name, memberType, memberId } },
      }),
    ),
});
