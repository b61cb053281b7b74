/** Authorizations of one owner, with one list per available API. */

import type { Owner } from "../api/grants";
import { grantsOf } from "../api/grants";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { GrantList } from "./GrantList";

export function ResourceGrants(owner: Owner) {
  const sources = grantsOf(useSession());
  return sources.map((grants) => (
    <section key={grants.id} className="part">
      {sources.length > 1 && <h2 className="group-title">{t(`grants.${grants.id}`)}</h2>}
      <GrantList grants={grants} owner={owner} />
    </section>
  ));
}
