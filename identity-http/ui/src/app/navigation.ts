/** Navigation entries and the surfaces that they require. */

import { hasDocuments } from "../api/documents";
import type { Key } from "../lib/i18n";
import type { Session } from "./session";

export interface Place {
  href: string;
  title: Key;
  /** Page of the documentation, with anchor. */
  help: string;
  needs: (session: Session) => boolean;
}

export const NAVIGATION: { title: Key; places: Place[] }[] = [
  {
    title: "nav.people",
    places: [
      {
        href: "/users",
        help: "ui#pages",
        title: "users.title",
        needs: (session) => session.has("users") || session.has("cluster-users"),
      },
      {
        href: "/groups",
        help: "management-api#groups",
        title: "groups.title",
        needs: (session) => session.has("groups"),
      },
      {
        href: "/roles",
        help: "management-api#roles",
        title: "roles.title",
        needs: (session) => session.has("roles"),
      },
    ],
  },
  {
    title: "nav.applications",
    places: [
      {
        href: "/applications",
        help: "management-api#applications",
        title: "clients.title",
        needs: (session) => session.has("clients"),
      },
      {
        href: "/apis",
        help: "management-api#apis",
        title: "apis.title",
        needs: (session) => session.has("resource-servers"),
      },
    ],
  },
  {
    title: "nav.access",
    places: [
      {
        href: "/tenants",
        help: "management-api#tenants",
        title: "tenants.title",
        needs: (session) => session.has("tenants"),
      },
      {
        href: "/mapping-rules",
        help: "mapping-rules",
        title: "rules.title",
        needs: (session) => session.has("mapping-rules"),
      },
      {
        href: "/authorizations",
        help: "management-api#authorizations-and-resources",
        title: "authorizations.title",
        needs: (session) => session.has("authorizations") || session.has("cluster"),
      },
      {
        href: "/resource-types",
        help: "decisions-api#resource-types",
        title: "types.title",
        needs: (session) => session.has("authorizations"),
      },
    ],
  },
  {
    title: "nav.understand",
    places: [
      {
        href: "/why",
        help: "decisions-api#explanations",
        title: "why.title",
        needs: (session) => session.has("decisions"),
      },
      {
        href: "/inspector",
        help: "decisions-api#tokens",
        title: "inspector.title",
        needs: (session) => session.has("inspection"),
      },
      {
        href: "/try-rule",
        help: "decisions-api#what-if",
        title: "try.title",
        needs: (session) => session.has("inspection") && session.has("mapping-rules"),
      },
      {
        href: "/who-can",
        help: "decisions-api#reviews",
        title: "who.title",
        needs: (session) => session.has("decisions"),
      },
    ],
  },
  {
    title: "nav.operations",
    places: [
      {
        href: "/policies",
        help: "gitops",
        title: "policies.title",
        needs: hasDocuments,
      },
      {
        href: "/sessions",
        help: "sign-in#sessions",
        title: "sessions.title",
        needs: (session) => session.has("sessions"),
      },
      {
        href: "/audit-log",
        help: "operations#audit",
        title: "audit.title",
        needs: (session) => session.has("audit-log"),
      },
    ],
  },
];

/** Returns the navigation entries available in the session. Empty groups are omitted. */
export const placesOf = (session: Session) =>
  NAVIGATION.map(({ title, places }) => ({ title, places: places.filter(({ needs }) => needs(session)) })).filter(
    ({ places }) => places.length > 0,
  );

/** Returns the page of the documentation that matches a path. */
export const helpOf = (path: string) =>
  NAVIGATION.flatMap(({ places }) => places).find(({ href }) => path === href || path.startsWith(`${href}/`))?.help ??
  "ui";
