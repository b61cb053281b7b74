/** What a plan changes, and which principals gain and lose access. */

import { Button, InlineNotification, Tag } from "@carbon/react";
import { type ReactNode, useState } from "react";

import { allInWords, type Comparison } from "../../api/conditions";
import { list, t, word } from "../../lib/i18n";
import { Effects } from "../../parts/Effects";
import { Plain } from "../../parts/Plain";
import { Changes } from "../audit/Changes";
import { Thing } from "../audit/Thing";
import { type Change, effectsOf, grantOf, type Plan } from "./plan";

const COLOURS: Record<string, "green" | "red"> = { CREATE: "green", ASSIGN: "green", DELETE: "red", UNASSIGN: "red" };
/** Number of rows that are shown at first, and by each request for more. */
const ROWS = 100;

interface Props {
  plan: Plan;
  /** Users that are created without their password. */
  withoutPassword: string[];
}

export function PlanView({ plan, withoutPassword }: Props) {
  const { changes, moreChanges, revision, effect } = plan;
  const created = new Set(changes.filter(({ operation }) => operation === "CREATE").map(({ entity }) => idOf(entity)));
  const count = changes.length + moreChanges;
  return (
    <>
      <p role="status">{t("policies.changes", { count, revision })}</p>
      {withoutPassword.length > 0 && (
        <InlineNotification
          kind="info"
          lowContrast
          hideCloseButton
          role="status"
          title={t("policies.no_passwords", { count: withoutPassword.length })}
          subtitle={t("policies.no_passwords_text", { users: list(withoutPassword) })}
        />
      )}
      {changes.length > 0 && (
        <Some rows={changes} more={moreChanges}>
          {(rows) => (
            <Plain<Change>
              label={t("policies.changes_title")}
              rows={rows}
              rowKey={(_, index) => String(index)}
              columns={[
                {
                  key: "operation",
                  header: t("audit.operation"),
                  cell: ({ operation }) => (
                    <Tag size="sm" type={COLOURS[operation] ?? "blue"}>
                      {word("operation", operation)}
                    </Tag>
                  ),
                },
                { key: "what", header: t("policies.change"), cell: (change) => <What {...change} created={created} /> },
              ]}
            />
          )}
        </Some>
      )}
      {count > 0 && effect && <Access effect={effect} />}
    </>
  );
}

const idOf = ({ type, key }: Change["entity"]) => `${type} ${key}`;

function What({ created, ...change }: Change & { created: ReadonlySet<string> }) {
  const { operation, entity, related } = change;
  const isNewOrGone = operation === "CREATE" || operation === "DELETE";
  if (entity.type === "AUTHORIZATION" && isNewOrGone) return <Grant {...change} />;
  const thing = (one: Change["entity"]) => <Thing entity={one} gone={created.has(idOf(one))} />;
  if (related && (operation === "ASSIGN" || operation === "UNASSIGN"))
    return (
      <>
        {thing(related)} {t("policies.in")} {thing(entity)}
      </>
    );
  // New users are active.
  const isDefault = ({ field, after }: Change["changes"][number]) =>
    operation === "CREATE" && field === "enabled" && after === "true";
  return (
    <>
      {thing(entity)}
      {related && (
        <>
          {" "}
          {t("audit.related")} {thing(related)}
        </>
      )}
      {operation !== "DELETE" && <Changes {...change} changes={change.changes.filter((one) => !isDefault(one))} />}
    </>
  );
}

/** A new or deleted authorization in words. */
function Grant(change: Change) {
  const { ownerType, ownerId, resourceType, resourceId, property, permissions, condition } = grantOf(change);
  const resource =
    resourceId === undefined
      ? t("grants.by_property", { property: property ?? "" })
      : resourceId === "*"
        ? t("grants.all")
        : resourceId;
  const owner = `${word("owner", ownerType)} ${ownerId}`;
  return (
    <>
      {t("policies.grant", { owner, permissions: list(permissions), type: resourceType, resource })}
      {condition && <p className="hint">{conditionOf(condition)}</p>}
    </>
  );
}

/** A condition in words. Text that was cut is no JSON; it is shown as it is. */
function conditionOf(text: string): string {
  try {
    return allInWords(JSON.parse(text) as Comparison[]);
  } catch {
    return text;
  }
}

function Access({ effect }: { effect: NonNullable<Plan["effect"]> }) {
  const { moreEffects, recentCallers, administrators } = effect;
  const effects = effectsOf(effect);
  const named = (parties: { type: string; id: string }[]) =>
    list([
      ...parties.slice(0, ROWS).map(({ type, id }) => `${word("owner", type)} ${id}`),
      ...(parties.length > ROWS ? [t("lose.named.more", { count: parties.length - ROWS })] : []),
    ]);
  const gained = administrators.gained.map(({ partyType, partyId }) => ({ type: partyType, id: partyId }));
  const lost = administrators.lost as unknown as { type: string; id: string }[];
  return (
    <section className="panels">
      <h3 className="group-title">{t("policies.access")}</h3>
      {gained.length > 0 && <Warning title={t("policies.administrators_gained")} text={named(gained)} />}
      {lost.length > 0 && <Warning title={t("policies.administrators_lost")} text={named(lost)} />}
      {effects.length > 0 ? (
        <Some rows={effects}>{(rows) => <Effects label={t("policies.access")} effects={rows} />}</Some>
      ) : (
        <p>{t("policies.no_access_changes")}</p>
      )}
      {(moreEffects || recentCallers.moreChanged || administrators.more) && <p>{t("effects.more")}</p>}
      {recentCallers.unknown > 0 && <p>{t("policies.unknown", { count: recentCallers.unknown })}</p>}
    </section>
  );
}

const Warning = ({ title, text }: { title: string; text: string }) => (
  <InlineNotification kind="warning" lowContrast hideCloseButton role="status" title={title} subtitle={text} />
);

/** The first rows, with a button for more. `more` is the number of rows that the server has omitted. */
function Some<T>({ rows, more = 0, children }: { rows: T[]; more?: number; children: (rows: T[]) => ReactNode }) {
  const [shown, setShown] = useState(ROWS);
  const left = rows.length - shown;
  return (
    <div>
      {children(rows.slice(0, shown))}
      {left > 0 && (
        <Button kind="ghost" size="sm" onClick={() => setShown(shown + ROWS)}>
          {t("policies.show_more", { count: Math.min(left, ROWS) })}
        </Button>
      )}
      {left + more > 0 && <p className="count">{t("list.more", { count: Math.max(left, 0) + more })}</p>}
    </div>
  );
}
