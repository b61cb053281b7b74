import { CheckmarkFilled, ErrorFilled, WarningFilled } from "@carbon/icons-react";
import { useQuery } from "@tanstack/react-query";

import { api, ask } from "../../api/client";
import { problemOf } from "../../api/problem";
import { t, word } from "../../lib/i18n";
import { ProblemNotice } from "../../parts/ProblemNotice";

const ICONS: Record<string, typeof CheckmarkFilled> = {
  UP: CheckmarkFilled,
  DEGRADED: WarningFilled,
  DOWN: ErrorFilled,
};

/** Names a component of the server. Issuers have their URL in the name. */
const component = (name: string) => {
  const [, url] = /^issuer (.+)$/.exec(name) ?? [];
  return url ? `${t("sessions.issuer")} ${url}` : word("component", name);
};

/** Interval in milliseconds between two queries of the health. */
const INTERVAL = 30_000;

/** Health of this server, its store, its directory and the identity providers. */
export function Health() {
  const loaded = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => ask(api.GET("/api/health", { signal })),
    refetchInterval: INTERVAL,
  });
  const problem = problemOf(loaded);
  return (
    <section aria-label={t("home.health")} className="tile">
      <h2 className="group-title">{t("home.health")}</h2>
      {problem && <ProblemNotice problem={problem} onRetry={loaded.refetch} />}
      <ul className="matches">
        {loaded.data?.map(({ name, status, detail }) => {
          const Icon = ICONS[status] ?? WarningFilled;
          return (
            <li key={name}>
              <span className={`health ${status.toLowerCase()}`}>
                <Icon aria-hidden /> {component(name)}
              </span>
              <small>{detail ?? word("health", status)}</small>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
