import { Tag, TextInput } from "@carbon/react";
import { useState } from "react";
import { Link } from "wouter";

import { api, askPage, type Schemas } from "../../api/client";
import { useSession } from "../../app/session";
import { t, time, word } from "../../lib/i18n";
import { useUrlState } from "../../lib/useUrlState";
import { Choice } from "../../parts/fields";
import { Listing } from "../../parts/Listing";
import { Name } from "../../parts/Name";
import { Page } from "../../parts/Page";

type Entry = Schemas["AuditLogEntry"];

const RESULTS = ["SUCCESS", "FAIL", "DENIED"];
const OPERATIONS = ["CREATE", "UPDATE", "DELETE", "ASSIGN", "UNASSIGN", "READ"];
const TYPES = [
  "USER",
  "CLIENT",
  "GROUP",
  "ROLE",
  "TENANT",
  "MAPPING_RULE",
  "AUTHORIZATION",
  "RESOURCE",
  "RESOURCE_TYPE",
  "DECISION",
  "AUDIT_LOG",
  "SESSION",
];
const COLOURS: Record<string, "green" | "red" | "magenta"> = { SUCCESS: "green", FAIL: "magenta", DENIED: "red" };

/** Filters: parameter in the URL, label, key prefix of the texts, and values. */
const FILTERS = [
  ["result", "audit.result", "result", RESULTS],
  ["operation", "audit.operation", "operation", OPERATIONS],
  ["entityType", "audit.type", "owner", TYPES],
] as const;

export default function AuditLog() {
  const query = useUrlState();
  const filters = Object.fromEntries(
    ["actor", "result", "operation", "entityType", "entityKey", "from", "to"].map((name) => [name, query.get(name)]),
  );
  const day = (name: "from" | "to") => {
    if (!filters[name]) return undefined;
    const start = new Date(`${filters[name]}T00:00:00`);
    if (name === "to") start.setDate(start.getDate() + 1);
    return Number.isNaN(start.getTime()) ? undefined : start.toISOString();
  };
  return (
    <Page title={t("audit.title")} lead={t("audit.lead")}>
      <div className="tools" role="search" aria-label={t("audit.filters")}>
        <Typed name="actor" label={t("audit.actor")} />
        <Typed name="entityKey" label={t("audit.key")} />
        {FILTERS.map(([name, label, prefix, words]) => (
          <Choice
            key={name}
            name={name}
            labelText={t(label)}
            value={query.get(name)}
            choices={["", ...words].map((value) => [value, value ? word(prefix, value) : t("audit.any")] as const)}
            onValue={(value) => query.set({ [name]: value, page: 0 })}
          />
        ))}
        <Day name="from" label={t("audit.from")} />
        <Day name="to" label={t("audit.to")} />
      </div>
      <Listing<Entry>
        label={t("audit.title")}
        queryKey={["audit-log", filters]}
        load={({ page, size, signal }) =>
          askPage(
            api.GET("/api/audit-log", {
              params: {
                query: {
                  actor: filters.actor || undefined,
                  result: filters.result || undefined,
                  operation: filters.operation || undefined,
                  entityType: filters.entityType || undefined,
                  entityKey: filters.entityKey || undefined,
                  from: day("from"),
                  to: day("to"),
                  page,
                  resultSize: size,
                },
              },
              signal,
            }),
          )
        }
        rowKey={({ key }) => key}
        columns={[
          { key: "time", header: t("audit.time"), cell: ({ timestamp }) => time(timestamp) },
          {
            key: "actor",
            header: t("audit.actor"),
            cell: ({ actorId, actorType }) =>
              actorId ? <Name type={actorType} id={actorId} /> : word("actor", actorType),
          },
          { key: "what", header: t("audit.what"), cell: (entry) => <What {...entry} /> },
          {
            key: "result",
            header: t("audit.result"),
            cell: ({ result }) => (
              <Tag size="sm" type={COLOURS[result] ?? "gray"}>
                {word("result", result)}
              </Tag>
            ),
          },
          {
            key: "reason",
            header: t("audit.reason"),
            cell: ({ key, ...entry }) => <Reason id={key} {...entry} />,
            minor: true,
          },
          { key: "revision", header: t("audit.revision"), cell: ({ revision }) => revision ?? "–", minor: true },
        ]}
        empty={{ title: t("audit.none"), text: t("audit.none_text") }}
      />
    </Page>
  );
}

/** Reason of a failure. A denial links to its explanation. */
function Reason({ id, result, reason }: Omit<Entry, "key"> & { id: string }) {
  const { has } = useSession();
  if (result !== "DENIED" || !has("decisions")) return reason ?? "–";
  return (
    <Link href={`/why?tab=denial&refusal=${id}`} className="cds--link">
      {reason ?? t("why.of")}
    </Link>
  );
}

/** Describes the operation and the entities concerned. */
function What({ operation, entity, related }: Entry) {
  return (
    <>
      {word("operation", operation)} <Thing entity={entity} />
      {related && (
        <>
          , <Thing entity={related} />
        </>
      )}
    </>
  );
}

const Thing = ({ entity: { type, key: id } }: { entity: Entry["entity"] }) => (
  <span className="code">
    {word("owner", type)} {id && <Name type={type} id={id} />}
  </span>
);

/** Text filter that applies on blur or Enter. */
function Typed({ name, label }: { name: string; label: string }) {
  const query = useUrlState();
  const [text, setText] = useState(query.get(name));
  const apply = () => query.set({ [name]: text.trim(), page: 0 });
  return (
    <TextInput
      id={`filter-${name}`}
      labelText={label}
      value={text}
      autoComplete="off"
      onChange={(event) => setText(event.target.value)}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
    />
  );
}

function Day({ name, label }: { name: string; label: string }) {
  const query = useUrlState();
  return (
    <TextInput
      id={`filter-${name}`}
      type="date"
      labelText={label}
      value={query.get(name)}
      onChange={(event) => query.set({ [name]: event.target.value, page: 0 })}
    />
  );
}
