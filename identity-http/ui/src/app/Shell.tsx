/** Frame of every page: header, navigation and account panel. */

import { Logout, UserAvatar } from "@carbon/icons-react";
import {
  Button,
  Content,
  Header,
  HeaderContainer,
  HeaderGlobalAction,
  HeaderGlobalBar,
  HeaderMenuButton,
  HeaderName,
  HeaderPanel,
  SideNav,
  SideNavItems,
  SideNavLink,
  SkipToContent,
} from "@carbon/react";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";

import { base, csrfToken } from "../api/client";
import { choose, LANGUAGES, type Language, t, useLanguage } from "../lib/i18n";
import { chooseTheme, THEMES, type Theme, useTheme } from "../lib/theme";
import { Choice } from "../parts/fields";
import { placesOf } from "./navigation";
import { useSession } from "./session";

export function Shell({ children }: { children: ReactNode }) {
  const session = useSession();
  const [here] = useLocation();
  const [panel, setPanel] = useState(false);
  useEffect(() => setPanel(false), [here]);
  return (
    <HeaderContainer
      render={({ isSideNavExpanded, onClickSideNavExpand }) => (
        <>
          <Header aria-label={t("product")}>
            <SkipToContent href={`${base}${here}#content`}>{t("skip")}</SkipToContent>
            <HeaderMenuButton
              aria-label={t(isSideNavExpanded ? "nav.close" : "nav.open")}
              onClick={onClickSideNavExpand}
              isActive={isSideNavExpanded}
              aria-expanded={isSideNavExpanded}
            />
            <HeaderName as={Link} href="/" prefix="">
              <img className="mark" src={`${base}/favicon.svg`} alt="" width={20} height={20} />
              {t("product")}
            </HeaderName>
            <HeaderGlobalBar>
              <HeaderGlobalAction
                aria-label={t("account.open")}
                aria-expanded={panel}
                isActive={panel}
                onClick={() => setPanel(!panel)}
                tooltipAlignment="end"
              >
                <UserAvatar size={20} />
              </HeaderGlobalAction>
            </HeaderGlobalBar>
            {panel && (
              <HeaderPanel expanded>
                <Account />
              </HeaderPanel>
            )}
            <SideNav
              aria-label={t("nav.title")}
              expanded={isSideNavExpanded}
              onOverlayClick={onClickSideNavExpand}
              onSideNavBlur={onClickSideNavExpand}
            >
              <SideNavItems>
                {session.mayRead &&
                  placesOf(session).map(({ title, places }) => (
                    <li key={title} className="nav-group">
                      <h2 className="nav-title" id={`nav-${title}`}>
                        {t(title)}
                      </h2>
                      <ul aria-labelledby={`nav-${title}`}>
                        {places.map(({ href, title }) => (
                          <SideNavLink
                            key={href}
                            as={Link}
                            href={href}
                            isActive={here === href || here.startsWith(`${href}/`)}
                            aria-current={here === href ? "page" : undefined}
                            // On wide screens, the navigation is shown although Carbon does not call it expanded. On
                            // narrow ones, it is inert while it is closed.
                            tabIndex={0}
                            onClick={() => isSideNavExpanded && onClickSideNavExpand()}
                          >
                            {t(title)}
                          </SideNavLink>
                        ))}
                      </ul>
                    </li>
                  ))}
              </SideNavItems>
            </SideNav>
          </Header>
          <Content id="content" className="content" tabIndex={-1}>
            {children}
          </Content>
        </>
      )}
    />
  );
}

/** Account panel: user, theme, language and sign-out. */
function Account() {
  const { capabilities } = useSession();
  const theme = useTheme();
  const language = useLanguage();
  const themes = THEMES.map((theme) => [theme, t(`theme.${theme}`)] as const);
  const languages = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <section className="menu" aria-label={t("account.title")}>
      <p>
        <strong>{capabilities.caller.name}</strong>
        <br />
        <small>{capabilities.caller.id}</small>
        <br />
        <Link href="/account" className="cds--link">
          {t("account.title")}
        </Link>
      </p>
      <Choice<Theme> name="theme" labelText={t("theme.title")} value={theme} choices={themes} onValue={chooseTheme} />
      <Choice<Language>
        name="language"
        labelText={t("language")}
        value={language}
        choices={languages}
        onValue={choose}
      />
      <form
        method="post"
        action={`${base}/auth/logout`}
        onSubmit={(event) => {
          const token = event.currentTarget.elements.namedItem("_csrf");
          if (token instanceof HTMLInputElement) token.value = csrfToken();
        }}
      >
        <input type="hidden" name="_csrf" />
        <Button type="submit" kind="tertiary" renderIcon={Logout}>
          {t("account.sign_out")}
        </Button>
      </form>
      <p className="hint">{t("account.version", { version: capabilities.version })}</p>
    </section>
  );
}
