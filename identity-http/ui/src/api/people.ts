/** Users, stored by this server or in an external directory. */

import type { Session } from "../app/session";
import type { ListQuery } from "../parts/Listing";
import { api, ask, askFound, askPage, type Page, type Schemas } from "./client";
import { inCluster, inManagement, withText } from "./lists";
import { askVersioned, type Versioned } from "./versions";

export interface User {
  id: string;
  username: string;
  name: string;
  email: string;
  /** Whether the user can sign in and has access; `undefined` if it could not be loaded. */
  enabled?: boolean;
}

/** Input of the user form. Directories use `firstName` and `lastName` instead of `name`. */
export interface UserFields {
  username: string;
  name: string;
  firstName: string;
  lastName: string;
  email: string;
  password: string;
}

export interface Users {
  list: (query: ListQuery) => Promise<Page<User>>;
  find: (id: string, signal?: AbortSignal) => Promise<Versioned<User>>;
  create: (user: UserFields) => Promise<string>;
  update: (id: string, user: UserFields, headers: Record<string, string>) => Promise<unknown>;
  remove?: (id: string, headers: Record<string, string>) => Promise<unknown>;
  setEnabled: (id: string, enabled: boolean) => Promise<unknown>;
  roles: (id: string, signal?: AbortSignal) => Promise<Schemas["RoleView"][]>;
  groups: (id: string, signal?: AbortSignal) => Promise<Schemas["GroupReference"][]>;
  addRole: (id: string, role: string) => Promise<unknown>;
  removeRole: (id: string, role: string) => Promise<unknown>;
  /** Whether the users are in an external directory, whose fields differ. */
  inDirectory: boolean;
  /** Fields by which lists can be sorted. */
  sorts: readonly string[];
}

/** Path parameter of a user below `/v2`. */
const named = (username: string) => ({ params: { path: { username } } });
const memberships = (memberId: string, signal?: AbortSignal) =>
  ask(api.GET("/api/memberships", { params: { query: { memberType: "USER", memberId } }, signal }));

/** Converts a user of `/v2` to the form that pages display. */
const shown = ({ username, name, email }: Schemas["cluster.User"]): User => ({
  id: username,
  username,
  name: name ?? "",
  email: email ?? "",
});

/** Path parameter of a user below `/api`. */
const keyed = (id: string) => ({ params: { path: { id } } });

const setEnabled = (id: string, enabled: boolean) =>
  ask(api.PUT("/api/users/{id}", { ...keyed(id), body: { enabled } }));

/** Adds the states of users, which `/v2` does not return. Without them, for example after a deletion, users have no state. */
async function withStates(users: User[], signal?: AbortSignal): Promise<User[]> {
  if (users.length === 0) return [];
  const userIds = users.map(({ id }) => id).join(",");
  const found = await ask(api.GET("/api/users", { params: { query: { userIds } }, signal })).catch(() => []);
  const states = new Map(found.map(({ id, enabled }) => [id, enabled]));
  return users.map((user) => ({ ...user, enabled: states.get(user.id) }));
}

/** Users stored by this server. */
const stored: Users = {
  inDirectory: false,
  sorts: ["username", "name", "email"],
  async list(query) {
    const found = await askFound(
      api.POST("/v2/users/search", {
        ...withText(query),
        body: inCluster<"username" | "name" | "email">(query),
        signal: query.signal,
      }),
    );
    return { total: found.total, items: await withStates(found.items.map(shown), query.signal) };
  },
  async find(id, signal) {
    const [user, { enabled }] = await Promise.all([
      askVersioned(api.GET("/v2/users/{username}", { ...named(id), signal })),
      ask(api.GET("/api/users/{id}", { ...keyed(id), signal })),
    ]);
    return { ...shown(user), enabled, version: user.version };
  },
  async create({ username, name, email, password }) {
    return (await ask(api.POST("/v2/users", { body: { username, name, email, password } }))).username;
  },
  async update(id, { name, email, password }, headers) {
    if (password) await ask(api.PUT("/api/users/{id}", { ...keyed(id), body: { password }, headers }));
    return ask(api.PUT("/v2/users/{username}", { ...named(id), body: { name, email }, headers }));
  },
  setEnabled,
  remove: (id, headers) => ask(api.DELETE("/v2/users/{username}", { ...named(id), headers })),
  roles: async (id, signal) => (await memberships(id, signal)).roles,
  groups: async (id, signal) => (await memberships(id, signal)).groups,
  addRole: (id, name) =>
    ask(
      api.POST("/api/roles/{name}/members", {
        params: { path: { name } },
        body: { memberType: "USER", memberId: id },
      }),
    ),
  removeRole: (id, name) =>
    ask(
      api.DELETE("/api/roles/{name}/members/{memberType}/{memberId}", {
        params: { path: { name, memberType: "USER", memberId: id } },
      }),
    ),
};

/** Users in an external directory. Updates omit empty fields, whose values remain unchanged. */
const directory: Users = {
  inDirectory: true,
  sorts: [],
  list: (query) => askPage(api.GET("/api/users", inManagement(query))),
  find: (id, signal) => askVersioned(api.GET("/api/users/{id}", { ...keyed(id), signal })),
  async create({ username, firstName, lastName, email, password }) {
    const body = { username, firstName, lastName, email, password: password || undefined };
    return (await ask(api.POST("/api/users", { body }))).id;
  },
  update(id, { firstName, lastName, email }, headers) {
    const body = { firstName: firstName || undefined, lastName: lastName || undefined, email: email || undefined };
    return ask(api.PUT("/api/users/{id}", { ...keyed(id), body, headers }));
  },
  setEnabled,
  roles: (id, signal) => ask(api.GET("/api/users/{id}/roles", { ...keyed(id), signal })),
  groups: (id, signal) => ask(api.GET("/api/users/{id}/groups", { ...keyed(id), signal })),
  addRole: (id, roleName) => ask(api.POST("/api/users/{id}/roles", { ...keyed(id), body: { roleName } })),
  removeRole: (id, roleName) =>
    ask(api.DELETE("/api/users/{id}/roles/{roleName}", { params: { path: { id, roleName } } })),
};

/** Returns the users that can be managed; `undefined` if they are at an identity provider without a directory. */
export const usersOf = (session: Session): Users | undefined =>
  session.has("users") ? directory : session.has("cluster-users") ? stored : undefined;
