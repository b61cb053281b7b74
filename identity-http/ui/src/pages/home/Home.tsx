/** Start page: search of everything, open tasks, health, recent refusals and changes. */

import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { useUrlState } from "../../lib/useUrlState";
import { Page } from "../../parts/Page";
import { SearchField } from "../../parts/SearchField";
import { Checklist } from "./Checklist";
import { Counts } from "./Counts";
import { Found } from "./Found";
import { Health } from "./Health";
import { Recent } from "./Recent";
import { WhyRefused } from "./WhyRefused";

export function Home() {
  const session = useSession();
  const query = useUrlState();
  const sought = query.get("q");
  return (
    <Page title={t("home.title", { name: session.capabilities.caller.name })} lead={t("home.lead")}>
      <div className="panels">
        <SearchField label={t("home.search")} value={sought} onSearch={(q) => query.set({ q })} />
        {sought ? (
          <Found text={sought} />
        ) : (
          <>
            <Checklist />
            <Counts />
            <div className="columns">
              {session.has("decisions") && <WhyRefused />}
              {session.has("health") && <Health />}
              {session.has("audit-log") && <Recent heading={t("home.refusals")} result="DENIED" />}
              {session.has("audit-log") && <Recent heading={t("home.changes")} result="SUCCESS" />}
            </div>
          </>
        )}
      </div>
    </Page>
  );
}
