/** Escalation: whether a permission leads to administration, and the number of requests it takes. */

import type { Session } from "../app/session";
import { list, t } from "../lib/i18n";
import { api, ask, type Schemas } from "./client";

export type Administration = Schemas["AdministrationView"];
type Step = Schemas["AdministrationStep"];

/** Resource types with permissions that can lead to administration. */
const TYPES = new Set(["AUTHORIZATION", "GROUP", "MAPPING_RULE", "ROLE", "USER"]);

export const mayLead = (resourceType: string) => TYPES.has(resourceType);

/**
 * Returns the shortest path to administration that any of the permissions on a resource opens, or `undefined` if there
 * is none or the surface `decisions` is unavailable.
 */
export async function leadsTo(
  session: Session,
  type: string,
  id: string,
  permissions: readonly string[],
  signal?: AbortSignal,
): Promise<Administration | undefined> {
  if (!session.has("decisions")) return undefined;
  const answers = await Promise.all(
    permissions.map((action) =>
      ask(api.GET("/access/v1/review/right", { params: { query: { type, id, action } }, signal })),
    ),
  );
  const ways = answers.flatMap(({ administration }) => administration ?? []);
  return ways.sort((one, other) => one.requests - other.requests)[0];
}

/** Returns the authorizations that lead to administration, by key. Empty without the surface `decisions`. */
export async function leading(session: Session, signal?: AbortSignal): Promise<Map<string, Administration>> {
  if (!session.has("decisions")) return new Map();
  const { authorizations } = await ask(api.GET("/access/v1/review/rights", { signal }));
  return new Map(authorizations.map(({ authorizationKey, administration }) => [authorizationKey, administration]));
}

/** Describes the path to administration in sentences. */
export function inWords({ requests, steps }: Administration): string {
  if (requests === 0) return t("admin.power");
  const done = steps.flatMap((step) => stepInWords(step) ?? []);
  return `${t("admin.requests", { count: requests })} ${t("admin.how", { steps: list(done) })}`;
}

function stepInWords(step: Step): string | undefined {
  if (step.step !== "REQUEST") return undefined;
  return t(`admin.means.${step.means}`, { entity: step.entity ?? t("grants.all") });
}
