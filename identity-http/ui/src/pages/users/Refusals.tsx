import { Link } from "wouter";

import { api, askPage, type Schemas } from "../../api/client";
import { useSession } from "../../app/session";
import { t, time, word } from "../../lib/i18n";
import { Listing } from "../../parts/Listing";

type Entry = Schemas["AuditLogEntry"];

/** Denied requests of a user, newest first, each with its explanation. */
export function Refusals({ actorId }: { actorId: string }) {
  const { has } = useSession();
  return (
    <Listing<Entry>
      label={t("refusals.title")}
      queryKey={["audit-log", { actorId, result: "DENIED" }]}
      load={({ page, size, signal }) =>
        askPage(
          api.GET("/api/audit-log", {
            params: { query: { actorId, result: "DENIED", page, resultSize: size } },
            signal,
          }),
        )
      }
      rowKey={({ key }) => key}
      columns={[
        { key: "time", header: t("audit.time"), cell: ({ timestamp }) => time(timestamp) },
        {
          key: "what",
          header: t("audit.what"),
          cell: ({ operation, entity: { type, key } }) =>
            `${word("operation", operation)} ${word("owner", type)} ${key}`.trim(),
        },
        {
          key: "reason",
          header: t("audit.reason"),
          cell: ({ key, reason }) =>
            has("decisions") ? (
              <Link href={`/why?tab=denial&refusal=${key}`} className="cds--link">
                {reason ?? t("why.of")}
              </Link>
            ) : (
              (reason ?? "–")
            ),
        },
      ]}
      empty={{ title: t("refusals.none"), text: t("refusals.none_text") }}
    />
  );
}
