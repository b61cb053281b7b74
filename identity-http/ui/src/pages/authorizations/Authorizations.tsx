import { grantsOf } from "../../api/grants";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { GrantList } from "../../parts/GrantList";
import { Page } from "../../parts/Page";
import { TabPages } from "../../parts/TabPages";

export default function Authorizations() {
  const sources = grantsOf(useSession());
  return (
    <Page title={t("authorizations.title")} lead={t("authorizations.lead")}>
      <TabPages
        label={t("authorizations.title")}
        tabs={sources.map((grants) => ({
          id: grants.id,
          title: t(`grants.${grants.id}`),
          content: () => <GrantList grants={grants} />,
        }))}
      />
    </Page>
  );
}
