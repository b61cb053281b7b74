/** Users, wherever they live. */

import type { Session } from "../app/session";
import type { ListQuery } from "../parts/Listing";
import { type Page, api, ask, askFound } from "./client";
import { containing, inCluster } from "./lists";

export interface User {
  id: string;
  username: string;
  name: string;
  email: string;
}

export interface NewUser {
  username: string;
  name: string;
  email: string;
  password: string;
}

export interface Users {
  list: (query: ListQuery) => Promise<Page<User>>;
  find: (id: string) => Promise<User>;
  create: (user: NewUser) => Promise<string>;
  update: (id: string, user: Omit<NewUser, "username">) => Promise<unknown>;
  remove?: (id: string) => Promise<unknown>;
  /** What lists can be sorted by. */
  sorts: readonly string[];
}

/** Users of this server's own. */
const stored: Users = {
  sorts: ["username", "name", "email"],
  async list(query) {
    const search = (by: "username" | "name") =>
      askFound(
        api.POST("/v2/users/search", {
          body: {
            ...inCluster<"username" | "name" | "email">(query),
            filter: query.search ? { [by]: containing(query.search) } : undefined,
          },
        }),
      );
    let found = await search("username");
    // Nobody of that username: perhaps somebody of that name.
    if (query.search && found.total === 0) found = await search("name");
    return { total: found.total, items: found.items.map((user) => ({ id: user.username, ...user })) };
  },
  async find(id) {
    const user = await ask(api.GET("/v2/users/{username}", { params: { path: { username: id } } }));
    return { id: user.username, ...user };
  },
  async create(user) {
    return (await ask(api.POST("/v2/users", { body: user }))).username;
  },
  update: (id, { password, ...user }) =>
    ask(
      api.PUT("/v2/users/{username}", {
        params: { path: { username: id } },
        body: { ...user, password: password || undefined },
      }),
    ),
  remove: (id) => ask(api.DELETE("/v2/users/{username}", { params: { path: { username: id } } })),
};

/** The users that can be managed here; none where they live at a provider. */
export const usersOf = (session: Session): Users | undefined => (session.has("cluster-users") ? stored : undefined);
