/** Navigation entries and the surfaces that they require. */

import type { Key } from "../lib/i18n";
import type { Session } from "./session";

export interface Place {
  href: string;
  title: Key;
  /** What the page is for, in a few words. */
  lead: Key;
  needs: (session: Session) => boolean;
}

export const NAVIGATION: { title: Key; places: Place[] }[] = [
  {
    title: "nav.people",
    places: [
      {
        href: "/users",
        title: "users.title",
        lead: "home.users",
        needs: (session) => session.has("users") || session.has("cluster-users"),
      },
      { href: "/groups", title: "groups.title", lead: "home.groups", needs: (session) => session.has("groups") },
      { href: "/roles", title: "roles.title", lead: "home.roles", needs: (session) => session.has("roles") },
    ],
  },
  {
    title: "nav.applications",
    places: [
      {
        href: "/applications",
        title: "clients.title",
        lead: "home.applications",
        needs: (session) => session.has("clients"),
      },
      { href: "/apis", title: "apis.title", lead: "home.apis", needs: (session) => session.has("resource-servers") },
    ],
  },
  {
    title: "nav.access",
    places: [
      { href: "/tenants", title: "tenants.title", lead: "home.tenants", needs: (session) => session.has("tenants") },
      {
        href: "/mapping-rules",
        title: "rules.title",
        lead: "home.mapping-rules",
        needs: (session) => session.has("mapping-rules"),
      },
      {
        href: "/authorizations",
        title: "authorizations.title",
        lead: "home.authorizations",
        needs: (session) => session.has("authorizations") || session.has("cluster"),
      },
      {
        href: "/resource-types",
        title: "types.title",
        lead: "home.resource-types",
        needs: (session) => session.has("authorizations"),
      },
    ],
  },
  {
    title: "nav.understand",
    places: [
      { href: "/why", title: "why.title", lead: "home.why", needs: (session) => session.has("decisions") },
      {
        href: "/inspector",
        title: "inspector.title",
        lead: "home.inspector",
        needs: (session) => session.has("inspection"),
      },
      {
        href: "/try-rule",
        title: "try.title",
        lead: "home.try-rule",
        needs: (session) => session.has("inspection") && session.has("mapping-rules"),
      },
      { href: "/who-can", title: "who.title", lead: "home.who-can", needs: (session) => session.has("decisions") },
    ],
  },
  {
    title: "nav.operations",
    places: [
      {
        href: "/sessions",
        title: "sessions.title",
        lead: "home.sessions",
        needs: (session) => session.has("sessions"),
      },
      {
        href: "/audit-log",
        title: "audit.title",
        lead: "home.audit-log",
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
