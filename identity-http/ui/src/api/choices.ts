/** Searches that supply the options of fields and pickers. */

import { keepPreviousData, type QueryKey, skipToken, useQuery } from "@tanstack/react-query";

import type { Session } from "../app/session";
import { api, askPage } from "./client";
import { first, inManagement, withClusterRoles } from "./lists";
import { usersOf } from "./people";
import { titleOf } from "./roles";

export interface Choice {
  id: string;
  title: string;
  detail?: string;
}

export interface Find {
  /** Kind of the entities, the start of the query key. */
  kind: string;
  /** Restriction of the entities, a part of the query key. */
  only?: string;
  search: (text: string, signal?: AbortSignal) => Promise<Choice[]>;
}

/** Returns the options that match a text. Without a search, there are none. */
export function useChoices(find: Find | undefined, text: string) {
  const queryKey: QueryKey = [find?.kind, { choices: text, only: find?.only }];
  return useQuery({
    queryKey,
    queryFn: find ? ({ signal }) => find.search(text, signal) : skipToken,
    placeholderData: find && keepPreviousData,
  });
}

export const groups: Find = {
  kind: "groups",
  search: async (text, signal) =>
    (await askPage(api.GET("/api/groups", inManagement(first(text, signal))))).items.map(({ id, name }) => ({
      id,
      title: name,
      detail: id,
    })),
};

export const roles: Find = {
  kind: "roles",
  search: async (text, signal) =>
    (await askPage(api.GET("/api/roles", withClusterRoles(first(text, signal))))).items.map((role) => ({
      id: role.name,
      title: titleOf(role),
      detail: role.description,
    })),
};

export const tenants: Find = {
  kind: "tenants",
  search: async (text, signal) =>
    (await askPage(api.GET("/api/tenants", inManagement(first(text, signal))))).items.map(({ tenantId, name }) => ({
      id: tenantId,
      title: name,
      detail: tenantId,
    })),
};

/** Mapping rules; with `target`, those that can assign this type of entity. */
export const mappingRules = (target?: "GROUP" | "ROLE" | "TENANT"): Find => ({
  kind: "mapping-rules",
  only: target,
  search: async (text, signal) =>
    (await askPage(api.GET("/api/mapping-rules", inManagement(first(text, signal))))).items
      .filter(({ type }) => !target || !type || type === target)
      .map(({ id, name }) => ({ id, title: name, detail: id })),
});

export function users(session: Session): Find | undefined {
  const users = usersOf(session);
  if (!users) return undefined;
  return {
    kind: "users",
    search: async (text, signal) =>
      (await users.list(first(text, signal))).items.map(({ id, username, name, email }) => ({
        id,
        title: name || username,
        detail: [username, email].filter(Boolean).join(" · "),
      })),
  };
}

export function applications(session: Session): Find | undefined {
  if (!session.has("clients")) return undefined;
  return {
    kind: "clients",
    search: async (text, signal) =>
      (await askPage(api.GET("/api/clients", inManagement(first(text, signal))))).items.map(({ clientId, name }) => ({
        id: clientId,
        title: name || clientId,
        detail: clientId,
      })),
  };
}
