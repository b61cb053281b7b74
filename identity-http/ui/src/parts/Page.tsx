/** Page layout: breadcrumb, title, lead and actions. Sets the title of the document. */

import { Breadcrumb, BreadcrumbItem } from "@carbon/react";
import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";

import { t } from "../lib/i18n";

interface Props {
  title: string;
  /** Introduction of one sentence. */
  lead?: ReactNode;
  /** Parent pages, for the breadcrumb. */
  above?: { title: string; href: string }[];
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, lead, above = [], actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${t("product")}`;
  }, [title]);
  return (
    <div className="page">
      {above.length > 0 && (
        <Breadcrumb noTrailingSlash aria-label={t("breadcrumb")}>
          {above.map(({ title, href }) => (
            <BreadcrumbItem key={href}>
              <Link href={href}>{title}</Link>
            </BreadcrumbItem>
          ))}
        </Breadcrumb>
      )}
      <header className="page-header">
        <div>
          <h1>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
