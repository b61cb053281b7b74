import { CheckmarkOutline, CircleDash } from "@carbon/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { api, askPage } from "../../api/client";
import { first } from "../../api/lists";
import { countOf, kindsOf } from "../../api/members";
import { usersOf } from "../../api/people";
import { type Session, useSession } from "../../app/session";
import { t } from "../../lib/i18n";

interface Step {
  text: string;
  href: string;
  isDone: boolean;
}

/** Role of the administrators of a new installation. */
const ADMIN = { type: "roles", id: "admin" } as const;

/** Whether the role of the administrators has a second member, or a group or rule that can have several. */
async function hasSecondAdministrator(session: Session): Promise<boolean> {
  const kinds = kindsOf(session, "roles");
  const counts = await Promise.all(kinds.map(async (kind) => [kind, await countOf(session, ADMIN, kind)] as const));
  return counts.some(([kind, count]) => count > (kind === "USER" || kind === "APPLICATION" ? 1 : 0));
}

/** Tasks of a new installation, with their state. */
async function steps(session: Session, signal: AbortSignal): Promise<Step[]> {
  const users = usersOf(session);
  const size = { params: { query: { page: 0, resultSize: 1 } }, signal };
  const [administrators, people, groups, rules] = await Promise.all([
    session.has("memberships") ? hasSecondAdministrator(session) : undefined,
    session.has("cluster-users") && users ? users.list({ ...first(""), size: 1, signal }) : undefined,
    session.has("groups") ? askPage(api.GET("/api/groups", size)) : undefined,
    session.has("mapping-rules") ? askPage(api.GET("/api/mapping-rules", size)) : undefined,
  ]);
  const step = (text: string, href: string, isDone: boolean) => ({ text, href, isDone });
  return [
    ...(administrators === undefined ? [] : [step(t("check.administrators"), "/roles/admin?tab=USER", administrators)]),
    step(t("check.https"), "/help/operations", location.protocol === "https:"),
    ...(people ? [step(t("check.users"), "/users", people.total > 1)] : []),
    ...(rules ? [step(t("check.rules"), "/mapping-rules", rules.total > 1)] : []),
    ...(groups ? [step(t("check.groups"), "/groups", groups.total > 0)] : []),
  ];
}

/** Checklist of a new installation. Hidden when everything is done, and without the permission to change anything. */
export function Checklist() {
  const session = useSession();
  const { data = [] } = useQuery({
    queryKey: ["checklist"],
    queryFn: ({ signal }) => steps(session, signal),
    enabled: session.mayWrite,
  });
  const open = data.filter(({ isDone }) => !isDone);
  if (open.length === 0) return null;
  return (
    <section aria-label={t("check.title")} className="tile">
      <h2 className="group-title">{t("check.title")}</h2>
      <ul className="matches">
        {data.map(({ text, href, isDone }) => (
          <li key={text}>
            {isDone ? (
              <span className="health up">
                <CheckmarkOutline aria-label={t("check.done")} /> {text}
              </span>
            ) : (
              <Link href={href} className="cds--link">
                <CircleDash aria-label={t("check.open")} /> {text}
              </Link>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
