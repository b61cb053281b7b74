import { Link } from "wouter";

import { t } from "../lib/i18n";
import { Page } from "../parts/Page";

export function NotFound() {
  return (
    <Page title={t("not_found.title")} lead={t("not_found.text")}>
      <Link href="/" className="cds--link">
        {t("not_found.home")}
      </Link>
    </Page>
  );
}
