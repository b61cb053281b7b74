import { useQueries } from "@tanstack/react-query";
import { Link } from "wouter";

import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { kindsOf } from "./kinds";

/** Number of entities of each kind. Kinds without a known total are omitted. */
export function Counts() {
  const kinds = kindsOf(useSession()).filter(({ href }) => href !== "/resources");
  const totals = useQueries({
    queries: kinds.map(({ href, list }) => ({
      queryKey: [href.slice(1), { count: true }],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await list({ search: "", page: 0, size: 1, signal })).total,
    })),
  });
  return (
    <ul className="counts" aria-label={t("home.counts")}>
      {kinds.map(({ href, title }, index) => {
        const total = totals[index]?.data;
        return (
          total !== undefined && (
            <li key={href}>
              <Link href={href} className="card">
                <strong>{t("home.count", { count: total })}</strong>
                <span>{t(title)}</span>
              </Link>
            </li>
          )
        );
      })}
    </ul>
  );
}
