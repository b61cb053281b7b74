/** The authorizations of one owner, in each API that has some. */

import type { Owner } from "../api/grants";
import { grantsOf } from "../api/grants";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { useRound } from "../lib/useRound";
import { GrantList } from "./GrantList";

export function ResourceGrants(owner: Owner) {
  const sources = grantsOf(useSession());
  // Some are in both lists, so what changes in one may change the other.
  const round = useRound();
  return sources.map((grants) => (
    <section key={grants.id} className="part">
      {sources.length > 1 && <h2 className="group-title">{t(`grants.${grants.id}`)}</h2>}
      <GrantList grants={grants} owner={owner} rounds={round} />
    </section>
  ));
}
