/** Search functions that supply the options of fields and pickers. */

import type { Session } from "../app/session";
import { api, askFound, askPage } from "./client";
import { containing, first, inCluster, inManagement, withClusterRoles } from "./lists";
import { usersOf } from "./people";
import { titleOf } from "./roleMembers";

export interface Choice {
  id: string;
  title: string;
  detail?: string;
}

export type Find = (search: string) => Promise<Choice[]>;

export const groups: Find = async (search) =>
  (await askPage(api.GET("/api/groups", inManagement(first(search))))).items.map(({ id, name }) => ({
    id,
    title: name,
  }));

export const roles: Find = async (search) =>
  (await askPage(api.GET("/api/roles", withClusterRoles(first(search))))).items.map((role) => ({
    id: role.name,
    title: titleOf(role),
    detail: role.description,
  }));

export const tenants: Find = async (search) =>
  (await askPage(api.GET("/api/tenants", inManagement(first(search))))).items.map(({ tenantId, name }) => ({
    id: tenantId,
    title: name,
    detail: tenantId,
  }));

export const mappingRules: Find = async (search) =>
  (
    await askFound(
      api.POST("/v2/mapping-rules/search", {
        body: { ...inCluster(first(search)), filter: search ? { name: containing(search) as never } : undefined },
      }),
    )
  ).items.map(({ mappingRuleId, name }) => ({ id: mappingRuleId, title: name, detail: mappingRuleId }));

export function users(session: Session): Find | undefined {
  const users = usersOf(session);
  if (!users) return undefined;
  return async (search) =>
    (await users.list(first(search))).items.map(({ id, username, name, email }) => ({
      id,
      title: name || username,
      detail: [username, email].filter(Boolean).join(" · "),
    }));
}

export function applications(session: Session): Find | undefined {
  if (!session.has("clients")) return undefined;
  return async (search) =>
    (await askPage(api.GET("/api/clients", inManagement(first(search))))).items.map(({ clientId, name }) => ({
      id: clientId,
      title: name || clientId,
      detail: clientId,
    }));
}
