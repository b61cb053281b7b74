/** Plans of policy documents: what they change, and for which principals. */

import type { Schemas } from "../../api/client";
import type { Item, Party } from "../../api/decisions";
import type { Place } from "../../lib/policyFiles";
import type { EffectOn } from "../../parts/Effects";

export type Plan = Schemas["PolicyPlan"];
export type Change = Schemas["PolicyChange"];
export type Removal = Schemas["PolicyRemoval"];
type Effect = Schemas["SimulationView"];

export const REMOVALS: readonly Removal[] = ["NOTHING", "MANAGED", "EVERYTHING"];

/** What is planned, and applied unchanged. */
export interface PlanRequest {
  document: object;
  removal: Removal;
  name: string;
}

/** A fault of a document, with its place in a file if it has one. */
export interface DocumentFault {
  place?: Partial<Place>;
  /** JSON pointer. */
  pointer?: string;
  text: string;
}

/** Returns what principals gain and lose, by stored data and, for recent callers, by their claims. One entry for each. */
export function effectsOf({ effects, recentCallers }: Effect): EffectOn[] {
  const found = new Map<string, EffectOn>();
  const note = (type: string, id: string, gained: Item[], lost: Item[]) => {
    const before = found.get(`${type} ${id}`);
    found.set(`${type} ${id}`, {
      type,
      id,
      gained: distinct([...(before?.gained ?? []), ...gained]),
      lost: distinct([...(before?.lost ?? []), ...lost]),
    });
  };
  for (const { party, gained, lost } of effects as unknown as { party: Party; gained: Item[]; lost: Item[] }[])
    note(party.type, party.id, gained, lost);
  for (const { type, id, gained, lost } of recentCallers.changed)
    note(type, id, gained as unknown as Item[], lost as unknown as Item[]);
  return [...found.values()];
}

const distinct = (items: Item[]) => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];

/** Whether a principal gains access, or may gain it, or an administrator is lost. Such a plan has to be confirmed. */
export function isWider({ effect }: Plan): boolean {
  if (!effect) return true;
  const { moreEffects, recentCallers, administrators } = effect;
  return (
    effectsOf(effect).some(({ gained }) => gained.length > 0) ||
    moreEffects ||
    recentCallers.moreChanged ||
    recentCallers.unknown > 0 ||
    administrators.gained.length > 0 ||
    administrators.lost.length > 0 ||
    administrators.more
  );
}

/** Users that a plan creates although their passwords are not sent. */
export const usersWithoutPassword = ({ changes }: Plan, passwords: ReadonlySet<string>): string[] =>
  changes
    .filter(({ operation, entity }) => operation === "CREATE" && entity.type === "USER" && passwords.has(entity.key))
    .map(({ entity }) => entity.key);

/** An authorization in an audit entry that creates or deletes it. */
export function grantOf({ changes }: Pick<Change, "changes">) {
  const values = (name: string) =>
    changes.flatMap(({ field, before, after }) => (field === name ? (after ?? before ?? []) : []));
  const value = (name: string) => values(name)[0];
  return {
    ownerType: value("ownerType") ?? "",
    ownerId: value("ownerId") ?? "",
    resourceType: value("resourceType") ?? "",
    resourceId: value("resourceId"),
    property: value("resourcePropertyName"),
    permissions: values("permissions"),
    condition: value("condition"),
  };
}
