/** Direct members of the roles that this server stores. */

import type { ListQuery } from "../parts/Listing";
import { api, ask, askPage, type Page, type Schemas } from "./client";

export type RoleMember = Schemas["RoleMember"];

/** Returns the display name of a role, or its key if it has none. */
export const titleOf = ({ name, displayName }: Schemas["RoleView"]) => displayName ?? name;

export const KINDS = ["USER", "GROUP", "MAPPING_RULE", "APPLICATION"] as const;
export type Kind = (typeof KINDS)[number];

export interface MembersOfKind {
  page: (query: ListQuery) => Promise<Page<RoleMember>>;
  add: (id: string) => Promise<unknown>;
  remove: (id: string) => Promise<unknown>;
}

/** Direct members of a role, of one kind. */
export const membersOf = (name: string, memberType: Kind): MembersOfKind => ({
  page: ({ page, size, signal }) =>
    askPage(
      api.GET("/api/roles/{name}/members", {
        params: { path: { name }, query: { memberType, page, resultSize: size } },
        signal,
      }),
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
