/** Entity of an audit entry, with a link to its page if there is one. */

import { Link } from "wouter";

import type { Schemas } from "../../api/client";
import { placesOf } from "../../app/navigation";
import { type Session, useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { word } from "../../lib/i18n";
import { Name } from "../../parts/Name";

type Entity = Schemas["AuditLogThing"];

/** Lists in which entities have their own page. */
const PAGES: Record<string, string> = {
  USER: "/users",
  CLIENT: "/applications",
  GROUP: "/groups",
  ROLE: "/roles",
  TENANT: "/tenants",
  RESOURCE_TYPE: "/resource-types",
};
/** Lists without such pages. */
const LISTS: Record<string, string> = { MAPPING_RULE: "/mapping-rules", SESSION: "/sessions" };

/**
 * Returns the address of an entity's page, or of the list that finds it. `named` means that the key may be a name
 * instead of an ID, as that of an entity which a directory has just created.
 */
export function hrefOf(session: Session, { type, key }: Entity, named = false): string | undefined {
  const there = (place: string | undefined) =>
    place !== undefined && placesOf(session).some(({ places }) => places.some(({ href }) => href === place));
  const [page, listed] = [PAGES[type], LISTS[type]];
  if (key === "") return undefined;
  if (page !== undefined && there(page)) {
    return named ? `${page}?${new URLSearchParams({ q: key })}` : addressOf(page, key);
  }
  if (listed === undefined || !there(listed)) return undefined;
  return type === "SESSION" ? listed : `${listed}?${new URLSearchParams({ q: key })}`;
}

/** Names an entity. `gone` entities have no link. */
export function Thing({ entity, named, gone }: { entity: Entity; named?: boolean; gone?: boolean }) {
  const session = useSession();
  const href = gone ? undefined : hrefOf(session, entity, named);
  const key = gone ? <span className="code">{entity.key}</span> : <Name type={entity.type} id={entity.key} />;
  return (
    <>
      {word("owner", entity.type)}{" "}
      {href ? (
        <Link href={href} className="cds--link">
          {key}
        </Link>
      ) : (
        key
      )}
    </>
  );
}
