import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { Page } from "../../parts/Page";
import { TabPages } from "../../parts/TabPages";
import { SessionList } from "./SessionList";

export default function Sessions() {
  const { mayRead } = useSession();
  return (
    <Page title={t("sessions.title")} lead={t("sessions.lead")}>
      <TabPages
        label={t("sessions.title")}
        tabs={[
          { id: "own", title: t("sessions.own"), content: () => <SessionList own /> },
          ...(mayRead ? [{ id: "all", title: t("sessions.everybody"), content: () => <SessionList /> }] : []),
        ]}
      />
    </Page>
  );
}
