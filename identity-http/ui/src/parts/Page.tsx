/** Page layout: breadcrumb, title, lead and actions. Sets the title of the document, and the focus after navigation. */

import { Help } from "@carbon/icons-react";
import { Breadcrumb, BreadcrumbItem } from "@carbon/react";
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation, useSearch } from "wouter";

import { helpOf } from "../app/navigation";
import { t } from "../lib/i18n";
import { lastAddress, remember } from "../lib/lastSearch";

interface Props {
  title: string;
  /** Introduction of one sentence. */
  lead?: ReactNode;
  /** Parent pages, for the breadcrumb. */
  above?: { title: string; href: string }[];
  actions?: ReactNode;
  children: ReactNode;
}

/** Path of the page that was shown last. */
let shown: string | undefined;

export function Page({ title, lead, above = [], actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title]);
  const [path] = useLocation();
  const query = useSearch();
  useEffect(() => remember(path, query), [path, query]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The first page keeps the focus of the browser.
    if (shown !== undefined && shown !== location.pathname) heading.current?.focus();
    shown = location.pathname;
  }, []);
  return (
    <div className="page">
      {above.length > 0 && (
        <Breadcrumb noTrailingSlash aria-label={t("breadcrumb")}>
          {above.map(({ title, href }) => (
            <BreadcrumbItem key={href}>
              <Link href={lastAddress(href)}>{title}</Link>
            </BreadcrumbItem>
          ))}
        </Breadcrumb>
      )}
      <header className="page-header">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        <div className="actions">
          {actions}
          <Link href={`/help/${helpOf(path)}`} className="help" aria-label={t("help.open")} title={t("help.open")}>
            <Help size={20} aria-hidden />
          </Link>
        </div>
      </header>
      {children}
    </div>
  );
}
