/**
 * Decisions API: explanations and simulations (docs/decisions-api.md). Declares the types that its OpenAPI document
 * leaves as plain objects.
 */

import type { Session } from "../app/session";
import { list, t } from "../lib/i18n";
import type { Administration } from "./administration";
import { api, ask, type Schemas } from "./client";
import type { Comparison } from "./conditions";

export interface Party {
  type: "USER" | "CLIENT" | "GROUP" | "ROLE" | "MAPPING_RULE";
  id: string;
}

export interface Membership {
  container: { type: "GROUP" | "ROLE" | "TENANT"; id: string };
  member: Party;
}

export interface Permission {
  audience: string;
  definition: string;
}

export type Scope = { match: "ANY" } | { match: "ID" | "PROPERTY"; value: string };

export interface Authorization {
  key: number;
  owner: Party;
  resource_type: string;
  scope: Scope;
  permissions: string[];
  condition?: Comparison[];
}

export type Step =
  | { step: "PRINCIPAL"; principal: Party }
  | { step: "RULE"; rule: string; name: string; claim: string; value: string }
  | { step: "CLAIMED_GROUP"; group: string }
  | { step: "CLAIMED_PERMISSION"; permission: Permission }
  | { step: "MEMBER"; membership: Membership; name?: string }
  | { step: "PERMISSION"; role: string; permission: Permission }
  | { step: "AUTHORIZATION"; authorization: Authorization };

export type Remedy =
  | { remedy: "EXTEND_AUTHORIZATION"; permission: string }
  | { remedy: "NAME_IN_PROPERTY"; property: string }
  | { remedy: "SATISFY_CONDITION"; failing: Comparison[] }
  | { remedy: "MATCH_RULE"; rule: string; claim: string; value: string; mismatch: string; found_at?: string }
  | { remedy: "SPEAK_FOR"; principal: Party; claim: string }
  | { remedy: "RESPELL"; known: Party }
  | { remedy: "RESPELL_GROUP"; claimed: string; known: string }
  | { remedy: "REDIRECT" }
  | { remedy: "ADD_MEMBER"; membership: Membership }
  | { remedy: "EXTEND_ROLE"; role: string; permission: Permission }
  | { remedy: "CREATE_ROLE"; permission: string; audience: string }
  | { remedy: "CREATE_AUTHORIZATION"; owner: Party; resource_type: string; scope: Scope; permissions: string[] }
  | { remedy: "REACTIVATE"; user: string }
  | { remedy: "JOIN_TENANT"; tenant: string };

export interface NearMiss {
  remedy: Remedy;
  through?: Authorization;
}

export type Explanation = { decision: "ALLOW"; because: Step[] } | { decision: "DENY"; because: NearMiss[] };

export interface Question {
  /** `user`, `client` or `token`. */
  who: string;
  id: string;
  type: string;
  action: string;
  resource: string;
  /** Properties of the resource, as entered. */
  properties?: Record<string, string>;
}

export interface Answer {
  decision: boolean;
  /** Whether the decision requires a token of the subject. `decision` is then `false`. */
  undecided: boolean;
  subject?: Schemas["SubjectView"];
  explanation?: Explanation;
  detail?: string;
  /** Path to administration, if the permission leads there. */
  administration?: Administration;
}

/** Parses a property: valid JSON, such as a list, number or boolean, has its JSON type; any other text is a string. */
function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim();
  }
}

export async function explain({ who, id, type, action, resource, properties = {} }: Question): Promise<Answer> {
  const given = Object.entries(properties).filter(([, text]) => text.trim() !== "");
  const body = {
    subject: { type: who, id },
    action: { name: action },
    resource: {
      type,
      id: resource || "*",
      properties: Object.fromEntries(given.map(([name, text]) => [name, read(text)])),
    },
  };
  const said = await ask(api.POST("/access/v1/explain", { body: body as never }));
  return {
    decision: said.decision,
    undecided: said.reason === "token_required",
    subject: said.subject ?? undefined,
    explanation: (said.explanation ?? undefined) as Explanation | undefined,
    detail: said.reason === "inactive" ? t("why.inactive") : (said.detail ?? undefined),
    administration: said.administration ?? undefined,
  };
}

export type Item =
  | { kind: "GROUP"; group: string }
  | { kind: "ROLE"; role: string }
  | { kind: "TENANT"; tenant: string }
  | { kind: "PERMISSION"; permission: Permission }
  | { kind: "RESOURCE"; resource_type: string; scope: Scope; permission: string };

export interface Effect {
  party: Party;
  gained: Item[];
  lost: Item[];
}

export type Change = Schemas["ChangeBody"];

export async function simulate(changes: unknown[], recentCallers?: number, question?: object) {
  const body = { changes: changes as Change[], recentCallers, question: question as never };
  const said = await ask(api.POST("/access/v1/simulate", { body }));
  return { ...said, effects: said.effects as unknown as Effect[] };
}

/** The change that adds a member, as the simulation takes it. */
export const joining = (
  containerType: Membership["container"]["type"],
  containerId: string,
  memberType: Party["type"],
  memberId: string,
) => ({ addMember: { containerType, containerId, memberType, memberId } });

/** Names a lost item; a permission by its API, whose name is better known. */
function lost(item: Item): string {
  switch (item.kind) {
    case "GROUP":
      return t("item.group", { name: item.group });
    case "ROLE":
      return t("item.role", { name: item.role });
    case "TENANT":
      return t("item.tenant", { name: item.tenant });
    case "PERMISSION":
      return t("item.api", { name: item.permission.audience });
    case "RESOURCE":
      return t("item.resource", { type: item.resource_type });
  }
}

/** Maximum number of kinds of losses listed. */
const MOST = 8;

/**
 * Simulates a change and describes the resulting losses in sentences. Members that leave a group are not among them.
 * Empty without the surfaces `decisions` and `memberships`.
 */
export const losses = (session: Session, change: object) => lossesOf(session, [change], ({ kind }) => kind !== "GROUP");

/** As `losses`, of several changes, with the groups that members leave. */
export const lossesOfAll = (session: Session, changes: object[]) => lossesOf(session, changes, () => true);

async function lossesOf(session: Session, changes: object[], isStated: (item: Item) => boolean): Promise<string[]> {
  if (!session.has("decisions") || !session.has("memberships")) return [];
  const { effects, moreEffects, deletedAuthorizations } = await simulate(changes);
  const people = new Map<string, Set<string>>();
  const rules = new Map<string, Set<string>>();
  for (const effect of effects) {
    const of = effect.party.type === "MAPPING_RULE" ? rules : people;
    for (const item of effect.lost.filter(isStated)) {
      const what = lost(item);
      of.set(what, (of.get(what) ?? new Set()).add(`${effect.party.type} ${effect.party.id}`));
    }
  }
  const said = (counts: Map<string, Set<string>>, key: "lose.people" | "lose.bearers") =>
    [...counts]
      .sort(([, a], [, b]) => b.size - a.size)
      .slice(0, MOST)
      .map(([what, who]) => t(key, { count: who.size, what }));
  const more = Math.max(0, people.size - MOST) + Math.max(0, rules.size - MOST);
  return [
    ...said(people, "lose.people"),
    ...said(rules, "lose.bearers"),
    ...(more > 0 ? [t("lose.more", { count: more })] : []),
    ...(moreEffects ? [t("effects.more")] : []),
    ...(deletedAuthorizations > 0 ? [t("lose.authorizations", { count: deletedAuthorizations })] : []),
  ];
}

/**
 * Simulates a change and states the number of authorizations that it deletes. Empty if there are none, or without the
 * surfaces `decisions` and `memberships`.
 */
export async function deletedAuthorizations(session: Session, change: object): Promise<string[]> {
  if (!session.has("decisions") || !session.has("memberships")) return [];
  const { deletedAuthorizations: count } = await simulate([change]);
  return count > 0 ? [t("lose.authorizations", { count })] : [];
}

/** Maximum number of names in a list of what a user loses. */
const MOST_NAMED = 10;

/** Lists names, the first ones if there are many. */
function some(names: string[]): string {
  const more = names.length - MOST_NAMED;
  return list(more > 0 ? [...names.slice(0, MOST_NAMED), t("lose.named.more", { count: more })] : names);
}

/** Describes the access that a user loses, by name. `names` are the names of entities by kind and ID, where known. */
export function lostByName(items: Item[], names: ReadonlyMap<string, string>): string[] {
  const name = (kind: string, id: string) => names.get(`${kind} ${id}`) ?? id;
  const of = (kind: Item["kind"], text: (item: Item) => string | undefined) => [
    ...new Set(items.filter((item) => item.kind === kind).flatMap((item) => text(item) ?? [])),
  ];
  const scoped = ({ resource_type, scope, permission }: Item & { kind: "RESOURCE" }) =>
    `${resource_type} ${scope.match === "ANY" ? "*" : scope.value} ${permission}`;
  const lists = [
    ["lose.named.roles", of("ROLE", (item) => (item.kind === "ROLE" ? name("ROLE", item.role) : undefined))],
    ["lose.named.groups", of("GROUP", (item) => (item.kind === "GROUP" ? name("GROUP", item.group) : undefined))],
    ["lose.named.tenants", of("TENANT", (item) => (item.kind === "TENANT" ? name("TENANT", item.tenant) : undefined))],
    [
      "lose.named.permissions",
      of("PERMISSION", (item) =>
        item.kind === "PERMISSION" ? `${item.permission.audience} ${item.permission.definition}` : undefined,
      ),
    ],
    ["lose.named.authorizations", of("RESOURCE", (item) => (item.kind === "RESOURCE" ? scoped(item) : undefined))],
  ] as const;
  return lists.filter(([, found]) => found.length > 0).map(([key, found]) => t(key, { what: some(found) }));
}

/** Maximum number of names in a sentence. */
const NAMED = 3;

/** What a change gives, in sentences, and whether it makes administrators. */
export interface Reach {
  sentences: string[];
  administers: boolean;
}

/**
 * Simulates a change that gives access and describes the principals that it reaches, and what `asker` gets beyond the access that was
 * asked for.
 */
export async function reach(session: Session, change: object | object[], asker?: Party): Promise<Reach> {
  if (!session.has("decisions")) return { sentences: [], administers: false };
  const { effects, moreEffects, administrators } = await simulate([change].flat());
  const gaining = effects.filter(({ gained }) => gained.length > 0);
  const rules = gaining.filter(({ party }) => party.type === "MAPPING_RULE").length;
  const people = gaining.filter(({ party }) => party.type !== "MAPPING_RULE").map(({ party }) => party.id);
  const own = gaining.find(({ party }) => party.type === asker?.type && party.id === asker.id)?.gained ?? [];
  const rights = own.filter(({ kind }) => kind === "PERMISSION" || kind === "RESOURCE").length;
  const becoming = administrators.gained.map(({ partyId }) => partyId);
  const counted = people.length > NAMED || moreEffects;
  return {
    sentences: [
      ...(people.length === 0
        ? []
        : [counted ? t("reach.people", { count: people.length }) : t("reach.named", { who: list(people) })]),
      ...(rules > 0 ? [t("reach.bearers", { count: rules })] : []),
      ...(moreEffects ? [t("effects.more")] : []),
      ...(rights > 1 ? [t("reach.rights", { count: rights, who: asker?.id ?? "" })] : []),
      ...(becoming.length > 0 ? [t("reach.administrators", { who: list(becoming.slice(0, NAMED)) })] : []),
    ],
    administers: becoming.length > 0,
  };
}
