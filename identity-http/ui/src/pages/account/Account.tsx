/** Own account: access, sessions and password. Needs no permission. */

import { useQuery } from "@tanstack/react-query";

import { api, ask } from "../../api/client";
import { review } from "../../api/reviews";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { Chips } from "../../parts/Chips";
import { Page } from "../../parts/Page";
import { TabPages } from "../../parts/TabPages";
import { SessionList } from "../sessions/SessionList";
import { Lines } from "../who/Lines";
import { OwnPassword } from "./OwnPassword";

export default function Account() {
  const session = useSession();
  const { caller } = session.capabilities;
  return (
    <Page title={t("account.title")} lead={t("account.lead")}>
      <dl className="facts">
        <dt>{t("name")}</dt>
        <dd>{caller.name}</dd>
        <dt>{t("username")}</dt>
        <dd className="code">{caller.id}</dd>
      </dl>
      <TabPages
        label={t("account.title")}
        tabs={[
          { id: "access", title: t("account.access"), content: () => <OwnAccess /> },
          ...(session.has("sessions")
            ? [{ id: "sessions", title: t("sessions.own"), content: () => <SessionList own /> }]
            : []),
          ...(session.has("cluster-users") && caller.type === "USER"
            ? [{ id: "password", title: t("password"), content: () => <OwnPassword /> }]
            : []),
        ]}
      />
    </Page>
  );
}

/** Groups, roles and tenants of the caller, and all permissions with their paths. */
function OwnAccess() {
  const session = useSession();
  const { data } = useQuery({
    queryKey: ["me", "memberships"],
    queryFn: ({ signal }) => ask(api.GET("/api/me/memberships", { signal })),
  });
  const parts = [
    [t("roles.title"), data?.roles],
    [t("groups.title"), data?.groups],
    [t("tenants.title"), data?.tenants],
  ] as const;
  return (
    <>
      <dl className="facts">
        {parts.map(([title, ids]) => (
          <div key={title} className="fact">
            <dt>{title}</dt>
            <dd>{ids && ids.length > 0 ? <Chips texts={ids} /> : "–"}</dd>
          </div>
        ))}
      </dl>
      {session.has("decisions") && (
        <Lines path="me" query={{}} load={(signal) => review(ask(api.GET("/access/v1/review/me", { signal })))} />
      )}
    </>
  );
}
