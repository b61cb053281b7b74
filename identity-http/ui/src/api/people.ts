/** Users, stored by this server or in an external directory. */

import type { Session } from "../app/session";
import type { ListQuery } from "../parts/Listing";
import { api, ask, askFound, askPage, type Page, type Schemas } from "./client";
import { inCluster, inManagement, withText } from "./lists";

export interface User {
  id: string;
  username: string;
  name: string;
  email: string;
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
  find: (id: string, signal?: AbortSignal) => Promise<User>;
  create: (user: UserFields) => Promise<string>;
  update: (id: string, user: UserFields) => Promise<unknown>;
  remove?: (id: string) => Promise<unknown>;
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
    return { total: found.total, items: found.items.map(shown) };
  },
  find: async (id, signal) => shown(await ask(api.GET("/v2/users/{username}", { ...named(id), signal }))),
  async create({ username, name, email, password }) {
    return (await ask(api.POST("/v2/users", { body: { username, name, email, password } }))).username;
  },
  update: (id, { name, email, password }) =>
    ask(api.PUT("/v2/users/{username}", { ...named(id), body: { name, email, password: password || undefined } })),
  remove: (id) => ask(api.DELETE("/v2/users/{username}", named(id))),
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

/** Path parameter of a user below `/api`. */
const keyed = (id: string) => ({ params: { path: { id } } });

/** Users in an external directory. Updates omit empty fields, whose values remain unchanged. */
const directory: Users = {
  inDirectory: true,
  sorts: [],
  list: (query) => askPage(api.GET("/api/users", inManagement(query))),
  find: (id, signal) => ask(api.GET("/api/users/{id}", { ...keyed(id), signal })),
  async create({ username, firstName, lastName, email, password }) {
    const body = { username, firstName, lastName, email, password: password || undefined };
    return (await ask(api.POST("/api/users", { body }))).id;
  },
  update: (id, { firstName, lastName, email }) =>
    ask(
      api.PUT("/api/users/{id}", {
        ...keyed(id),
        body: { firstName: firstName || undefined, lastName: lastName || undefined, email: email || undefined },
      }),
    ),
  roles: (id, signal) => ask(api.GET("/api/users/{id}/roles", { ...keyed(id), signal })),
  groups: (id, signal) => ask(api.GET("/api/users/{id}/groups", { ...keyed(id), signal })),
  addRole: (id, roleName) => ask(api.POST("/api/users/{id}/roles", { ...keyed(id), body: { roleName } })),
  removeRole: (id, roleName) =>
    ask(api.DELETE("/api/users/{id}/roles/{roleName}", { params: { path: { id, roleName } } })),
};

/** Returns the users that can be managed; `undefined` if they are at an identity provider without a directory. */
export const usersOf = (session: Session): Users | undefined =>
  session.has("users") ? directory : session.has("cluster-users") ? stored : undefined;
