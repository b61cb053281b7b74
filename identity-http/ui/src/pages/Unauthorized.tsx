/** Page for signed-in users without the permission `read`. Shows the missing permission and how to request it. */

import { Link } from "wouter";

import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { Page } from "../parts/Page";

export function Unauthorized() {
  const { caller } = useSession().capabilities;
  return (
    <Page title={t("unauthorized.title")} lead={t("unauthorized.text", { name: caller.name })}>
      <dl className="facts">
        <dt>{t("unauthorized.you")}</dt>
        <dd className="code">{caller.id}</dd>
        <dt>{t("unauthorized.missing")}</dt>
        <dd className="code">read</dd>
        <dt>{t("unauthorized.api")}</dt>
        <dd className="code">camunda-identity-resource-server</dd>
        <dt>{t("unauthorized.have")}</dt>
        <dd className="code">{caller.permissions.join(", ") || t("unauthorized.nothing")}</dd>
      </dl>
      <p>{t("unauthorized.ask")}</p>
      <p>
        <Link href="/account" className="cds--link">
          {t("account.title")}
        </Link>
      </p>
    </Page>
  );
}
