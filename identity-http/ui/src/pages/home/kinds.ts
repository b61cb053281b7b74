/** Kinds of entities that the start page counts and searches. */

import { api, askPage, type Page } from "../../api/client";
import { grantsOf } from "../../api/grants";
import { inManagement, withClusterRoles } from "../../api/lists";
import { usersOf } from "../../api/people";
import { titleOf } from "../../api/roles";
import type { Session } from "../../app/session";
import { addressOf } from "../../lib/address";
import type { Key } from "../../lib/i18n";
import type { ListQuery } from "../../parts/Listing";

export interface Match {
  href: string;
  title: string;
  detail?: string;
}

export interface Kind {
  /** Path of the list, and the kind in query keys. */
  href: string;
  title: Key;
  /** Lists the entities that match a search; absent if they can only be counted. */
  list: (query: ListQuery) => Promise<Page<Match>>;
  isSearched?: boolean;
}

async function matches<T>(found: Promise<Page<T>>, match: (item: T) => Match): Promise<Page<Match>> {
  const { items, total } = await found;
  return { items: items.map(match), total };
}

/** Returns the kinds that the session can list. */
export function kindsOf(session: Session): Kind[] {
  const users = usersOf(session);
  const kinds: (Kind | false | undefined)[] = [
    users && {
      href: "/users",
      title: "users.title",
      isSearched: true,
      list: (query) =>
        matches(users.list(query), ({ id, username, name, email }) => ({
          href: addressOf("/users", id),
          title: name || username,
          detail: [username, email].filter(Boolean).join(" · "),
        })),
    },
    session.has("groups") && {
      href: "/groups",
      title: "groups.title",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/groups", inManagement(query))), ({ id, name }) => ({
          href: addressOf("/groups", id),
          title: name,
          detail: id,
        })),
    },
    session.has("roles") && {
      href: "/roles",
      title: "roles.title",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/roles", withClusterRoles(query))), (role) => ({
          href: addressOf("/roles", role.name),
          title: titleOf(role),
          detail: role.description,
        })),
    },
    session.has("tenants") && {
      href: "/tenants",
      title: "tenants.title",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/tenants", inManagement(query))), ({ tenantId, name }) => ({
          href: addressOf("/tenants", tenantId),
          title: name,
          detail: tenantId,
        })),
    },
    session.has("clients") && {
      href: "/applications",
      title: "clients.title",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/clients", inManagement(query))), ({ id, name, clientId }) => ({
          href: addressOf("/applications", id),
          title: name,
          detail: clientId,
        })),
    },
    session.has("mapping-rules") && {
      href: "/mapping-rules",
      title: "rules.title",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/mapping-rules", inManagement(query))), ({ name, claimName, claimValue }) => ({
          href: `/mapping-rules?${new URLSearchParams({ q: name })}`,
          title: name,
          detail: `${claimName} = ${claimValue}`,
        })),
    },
    session.has("authorizations") && {
      href: "/resources",
      title: "home.resources",
      isSearched: true,
      list: (query) =>
        matches(askPage(api.GET("/api/resources", inManagement(query))), ({ key, type }) => ({
          href: `/who-can?${new URLSearchParams({ type, resource: key, action: "" })}`,
          title: key,
          detail: type,
        })),
    },
    ...grantsOf(session)
      .slice(0, 1)
      .map(
        (grants): Kind => ({
          href: "/authorizations",
          title: "authorizations.title",
          list: async (query) => ({ items: [], total: (await grants.list(query, {})).total }),
        }),
      ),
  ];
  return kinds.filter((kind) => kind !== false && kind !== undefined);
}
