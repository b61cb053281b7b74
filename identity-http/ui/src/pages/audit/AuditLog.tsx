import { Checkbox, Tag, TextInput } from "@carbon/react";
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
import { Changes } from "./Changes";
import { Export } from "./Export";
import { PERIODS, timesOf } from "./period";
import { hrefOf, Thing } from "./Thing";

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
    ["actor", "result", "operation", "entityType", "entityKey", "period", "from", "to", "server"].map((name) => [
      name,
      query.get(name),
    ]),
  ) as Record<string, string>;
  const { actor, result, operation, entityType, entityKey, from = "", to = "", server } = filters;
  const period = filters.period || (from || to ? "custom" : "");
  const asked = () => ({
    actor: actor || undefined,
    result: result || undefined,
    operation: operation || undefined,
    entityType: entityType || undefined,
    entityKey: entityKey || undefined,
    excludeSystem: server === "hidden" || undefined,
    ...timesOf(period, { from, to }),
  });
  return (
    <Page title={t("audit.title")} lead={t("audit.lead")} actions={<Export filters={asked} />}>
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
        <Choice
          name="period"
          labelText={t("audit.period")}
          value={period}
          choices={["", ...PERIODS].map((value) => [value, value ? word("period", value) : t("audit.any")] as const)}
          onValue={(period) => query.set({ period, from: "", to: "", page: 0 })}
        />
        {period === "custom" && (
          <>
            <Day name="from" label={t("audit.from")} />
            <Day name="to" label={t("audit.to")} />
          </>
        )}
        <Checkbox
          id="filter-server"
          labelText={t("audit.hide_server")}
          checked={server === "hidden"}
          onChange={(_, { checked }) => query.set({ server: checked ? "hidden" : "", page: 0 })}
        />
      </div>
      <Listing<Entry>
        label={t("audit.title")}
        queryKey={["audit-log", filters]}
        load={({ page, size, signal }) =>
          askPage(api.GET("/api/audit-log", { params: { query: { ...asked(), page, resultSize: size } }, signal }))
        }
        rowKey={({ key }) => key}
        columns={[
          { key: "time", header: t("audit.time"), cell: ({ timestamp }) => time(timestamp) },
          {
            key: "actor",
            header: t("audit.actor"),
            cell: (entry) => <Actor {...entry} />,
          },
          { key: "what", header: t("audit.what"), cell: (entry) => <What {...entry} /> },
          {
            key: "result",
            header: t("audit.result"),
            cell: ({ result }) => <Result result={result} />,
            minor: true,
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

const Result = ({ result }: Pick<Entry, "result">) => (
  <Tag size="sm" type={COLOURS[result] ?? "gray"}>
    {word("result", result)}
  </Tag>
);

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

/** Names the caller, with a link to its page. Clients are found by their ID. */
function Actor({ actorType, actorId }: Entry) {
  const session = useSession();
  if (!actorId) return word("actor", actorType);
  const href = hrefOf(session, { type: actorType, key: actorId }, actorType === "CLIENT");
  const name = <Name type={actorType} id={actorId} />;
  if (!href) return name;
  return (
    <Link href={href} className="cds--link">
      {name}
    </Link>
  );
}

/** Describes the operation, the entities concerned and the changed fields. */
function What({ operation, entity, related, result, ...entry }: Entry) {
  const { has } = useSession();
  // A directory assigns the IDs of new entities, so their entries contain their names.
  const named = operation === "CREATE" && has("clients");
  const gone = result === "SUCCESS" ? operation === "DELETE" : operation === "CREATE";
  return (
    <>
      {word("operation", operation)} <Thing entity={entity} named={named} gone={gone} />
      {related && (
        <>
          {" "}
          {t("audit.related")} <Thing entity={related} named={related.type === "CLIENT"} />
        </>
      )}
      <Changes {...entry} />
      <div className="narrow">
        <Result result={result} />
      </div>
    </>
  );
}

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
