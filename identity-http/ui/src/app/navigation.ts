/** Navigation entries and the surfaces that they require. */

import type { Key } from "../lib/i18n";
import type { Session } from "./session";

export interface Place {
  href: string;
  title: Key;
  needs: (session: Session) => boolean;
}

export const NAVIGATION: { title: Key; places: Place[] }[] = [
  {
    title: "nav.people",
    places: [
      {
        href: "/users",
        title: "users.title",
        needs: (session) => session.has("users") || session.has("cluster-users"),
      },
      { href: "/groups", title: "groups.title", needs: (session) => session.has("groups") },
      { href: "/roles", title: "roles.title", needs: (session) => session.has("roles") },
    ],
  },
  {
    title: "nav.applications",
    places: [
      { href: "/applications", title: "clients.title", needs: (session) => session.has("clients") },
      { href: "/apis", title: "apis.title", needs: (session) => session.has("resource-servers") },
    ],
  },
  {
    title: "nav.access",
    places: [
      { href: "/tenants", title: "tenants.title", needs: (session) => session.has("tenants") },
      { href: "/mapping-rules", title: "rules.title", needs: (session) => session.has("mapping-rules") },
      {
        href: "/authorizations",
        title: "authorizations.title",
        needs: (session) => session.has("authorizations") || session.has("cluster"),
      },
      { href: "/resource-types", title: "types.title", needs: (session) => session.has("authorizations") },
    ],
  },
  {
    title: "nav.understand",
    places: [
      { href: "/why", title: "why.title", needs: (session) => session.has("decisions") },
      { href: "/inspector", title: "inspector.title", needs: (session) => session.has("inspection") },
      {
        href: "/try-rule",
        title: "try.title",
        needs: (session) => session.has("inspection") && session.has("mapping-rules"),
      },
      { href: "/who-can", title: "who.title", needs: (session) => session.has("decisions") },
    ],
  },
  {
    title: "nav.operations",
    places: [
      { href: "/sessions", title: "sessions.title", needs: (session) => session.has("sessions") },
      { href: "/audit-log", title: "audit.title", needs: (session) => session.has("audit-log") },
    ],
  },
];

/** Returns the navigation entries available in the session. Empty groups are omitted. */
export const placesOf = (session: Session) =>
  NAVIGATION.map(({ title, places }) => ({ title, places: places.filter(({ needs }) => needs(session)) })).filter(
    ({ places }) => places.length > 0,
  );
