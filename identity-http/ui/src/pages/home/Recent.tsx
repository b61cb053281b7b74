import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { api, ask } from "../../api/client";
import { problemOf } from "../../api/problem";
import { ago, list, t, word } from "../../lib/i18n";
import { ProblemNotice } from "../../parts/ProblemNotice";

/** Maximum number of entries. */
const MOST = 5;

/** Most recent entries of the audit log with one result. */
export function Recent({ heading, result }: { heading: string; result: "DENIED" | "SUCCESS" }) {
  const loaded = useQuery({
    queryKey: ["audit-log", { recent: result }],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/audit-log", { params: { query: { result, page: 0, resultSize: MOST } }, signal })),
  });
  const problem = problemOf(loaded);
  return (
    <section aria-label={heading} className="tile">
      <h2 className="group-title">{heading}</h2>
      {problem && <ProblemNotice problem={problem} onRetry={loaded.refetch} />}
      {loaded.data?.length === 0 && <p className="hint">{t("home.nothing")}</p>}
      <ul className="matches">
        {loaded.data?.map(({ key, actorId, actorType, operation, entity, related, timestamp }) => {
          const things = [entity, ...(related ? [related] : [])];
          const what = list(things.map(({ type, key }) => `${word("owner", type)}${key ? ` ${key}` : ""}`));
          const who = actorId ?? word("actor", actorType);
          return (
            <li key={key}>
              {result === "DENIED" ? (
                <Link href={`/why?tab=denial&refusal=${key}`} className="cds--link">
                  {who}: {word("operation", operation)} {what}
                </Link>
              ) : (
                <span>
                  {who}: {word("operation", operation)} {what}
                </span>
              )}
              <small>{ago(timestamp)}</small>
            </li>
          );
        })}
      </ul>
      <Link href={`/audit-log?result=${result}`} className="cds--link">
        {t("home.all_entries")}
      </Link>
    </section>
  );
}
