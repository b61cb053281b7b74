import { useQueries } from "@tanstack/react-query";
import { Link } from "wouter";

import { asProblem } from "../../api/problem";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { Empty } from "../../parts/Empty";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { kindsOf } from "./kinds";

/** Maximum number of matches of one kind. */
const MOST = 5;

/** Matches of a text in the entities of all kinds. */
export function Found({ text }: { text: string }) {
  const kinds = kindsOf(useSession()).filter(({ isSearched }) => isSearched);
  const results = useQueries({
    queries: kinds.map(({ href, list }) => ({
      queryKey: [href.slice(1), { found: text }],
      queryFn: ({ signal }: { signal: AbortSignal }) => list({ search: text, page: 0, size: MOST, signal }),
    })),
  });
  const isLoading = results.some(({ isPending }) => isPending);
  const total = results.reduce((sum, { data }) => sum + (data?.items.length ?? 0), 0);
  return (
    <div className="panels" aria-busy={isLoading} aria-live="polite">
      {kinds.map(({ href, title }, index) => {
        const { data, error } = results[index] ?? {};
        if (error) return <ProblemNotice key={href} problem={asProblem(error)} />;
        if (!data || data.items.length === 0) return null;
        const more = data.total - data.items.length;
        return (
          <section key={href} aria-label={t(title)}>
            <h2 className="group-title">{t(title)}</h2>
            <ul className="matches">
              {data.items.map((match) => (
                <li key={match.href}>
                  <Link href={match.href} className="cds--link">
                    {match.title}
                  </Link>
                  {match.detail && <small>{match.detail}</small>}
                </li>
              ))}
              {more > 0 && href !== "/resources" && (
                <li>
                  <Link href={`${href}?${new URLSearchParams({ q: text })}`} className="cds--link">
                    {t("home.more", { count: more })}
                  </Link>
                </li>
              )}
            </ul>
          </section>
        );
      })}
      {!isLoading && total === 0 && <Empty title={t("list.no_match")} text={t("list.no_match_text", { text })} />}
    </div>
  );
}
