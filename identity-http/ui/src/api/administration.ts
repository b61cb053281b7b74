/** Rights that lead to administration: whether one does, and in how many requests. */

import type { Session } from "../app/session";
import { list, t } from "../lib/i18n";
import { type Schemas, api, ask } from "./client";

export type Administration = Schemas["AdministrationView"];
type Step = Schemas["AdministrationStep"];

/** The resource types of which some rights may lead to administration. */
const TYPES = new Set(["AUTHORIZATION", "GROUP", "MAPPING_RULE", "ROLE", "USER"]);

export const mayLead = (resourceType: string) => TYPES.has(resourceType);

/** The shortest way that some permissions on a resource open; none where they open none, or where that cannot be asked. */
export async function leadsTo(
  session: Session,
  type: string,
  id: string,
  permissions: readonly string[],
): Promise<Administration | undefined> {
  if (!session.has("decisions")) return undefined;
  const answers = await Promise.all(
    permissions.map((action) => ask(api.GET("/access/v1/review/right", { params: { query: { type, id, action } } }))),
  );
  const ways = answers.flatMap(({ administration }) => administration ?? []);
  return ways.sort((one, other) => one.requests - other.requests)[0];
}

/** The authorizations that lead to administration, by key. */
export async function leading(session: Session): Promise<Map<string, Administration>> {
  if (!session.has("decisions")) return new Map();
  const { authorizations } = await ask(api.GET("/access/v1/review/rights"));
  return new Map(authorizations.map(({ authorizationKey, administration }) => [authorizationKey, administration]));
}

/** What a holder of the right does, in sentences. */
export function inWords({ requests, steps }: Administration): string {
  if (requests === 0) return t("admin.power");
  const done = steps.flatMap((step) => stepInWords(step) ?? []);
  return `${t("admin.requests", { count: requests })} ${t("admin.how", { steps: list(done) })}`;
}

function stepInWords(step: Step): string | undefined {
  if (step.step !== "REQUEST") return undefined;
  return t(`admin.means.${step.means}`, { entity: step.entity ?? t("grants.all") });
}
