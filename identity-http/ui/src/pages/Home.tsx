/** Start page, with links to the pages available in the session. */

import { Link } from "wouter";

import { placesOf } from "../app/navigation";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { Page } from "../parts/Page";

export function Home() {
  const session = useSession();
  return (
    <Page title={t("home.title", { name: session.capabilities.caller.name })} lead={t("home.lead")}>
      <div className="panels">
        {placesOf(session).map(({ title, places }) => (
          <section key={title} aria-label={t(title)}>
            <h2 className="group-title">{t(title)}</h2>
            <ul className="cards">
              {places.map(({ href, title, lead }) => (
                <li key={href}>
                  <Link href={href} className="card">
                    <strong>{t(title)}</strong>
                    <span>{t(lead)}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Page>
  );
}
