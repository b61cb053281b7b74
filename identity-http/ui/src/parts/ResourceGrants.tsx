/** Authorizations of one owner, with one list per available API. */

import type { Owner } from "../api/grants";
import { grantsOf } from "../api/grants";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { useRound } from "../lib/useRound";
import { GrantList } from "./GrantList";

export function ResourceGrants(owner: Owner) {
  const sources = grantsOf(useSession());
  // Some authorizations are in both lists, so that a change in one list reloads the other.
  const round = useRound();
  return sources.map((grants) => (
    <section key={grants.id} className="part">
      {sources.length > 1 && <h2 className="group-title">{t(`grants.${grants.id}`)}</h2>}
      <GrantList grants={grants} owner={owner} rounds={round} />
    </section>
  ));
}
