/** Access review of a resource, of a subject, or of the administrators: lists every path, with export. */

import { Download } from "@carbon/icons-react";
import { Button, InlineNotification } from "@carbon/react";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask, base, type Schemas } from "../../api/client";
import { allInWords } from "../../api/conditions";
import { useSession } from "../../app/session";
import { t, word } from "../../lib/i18n";
import { useLoad } from "../../lib/useLoad";
import { useQuery } from "../../lib/useQuery";
import { AdministrationNotice } from "../../parts/AdministrationNotice";
import { Choice, TextField } from "../../parts/fields";
import { type Column, Empty, Listing, local } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { QuestionFields, type Target } from "../../parts/QuestionFields";
import { SimilarTo } from "../../parts/SimilarTo";
import { TabPages } from "../../parts/TabPages";

type Line = Schemas["LineView"];

export default function WhoCan() {
  return (
    <Page title={t("who.title")} lead={t("who.lead")}>
      <TabPages
        label={t("who.title")}
        tabs={[
          { id: "resource", title: t("who.resource"), content: () => <OfResource /> },
          { id: "subject", title: t("who.subject"), content: () => <OfSubject /> },
          { id: "administrators", title: t("who.administrators"), content: () => <OfAdministrators /> },
        ]}
      />
    </Page>
  );
}

function OfResource() {
  const query = useQuery();
  const asked = { type: query.get("type"), action: query.get("action"), resource: query.get("resource") };
  const [target, setTarget] = useState<Target>(
    asked.type ? asked : { type: "api", action: "write", resource: "camunda-identity-resource-server" },
  );
  const wanted = { type: asked.type, id: asked.resource || "*", action: asked.action };
  return (
    <>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          query.set({ type: target.type, action: target.action, resource: target.resource, page: 0 });
        }}
      >
        <QuestionFields value={target} onValue={setTarget} />
        <Button type="submit" disabled={!target.action.trim()}>
          {t("who.find")}
        </Button>
      </form>
      {asked.type && (
        <Lines
          path="resource"
          query={wanted}
          load={() => review(ask(api.GET("/access/v1/review/resource", { params: { query: wanted } })))}
        />
      )}
    </>
  );
}

function OfSubject() {
  const session = useSession();
  const query = useQuery();
  const asked = { type: query.get("who"), id: query.get("id") };
  const [who, setWho] = useState(asked.type || "user");
  const [id, setId] = useState(asked.id);
  const known = useLoad(async () => (await choices.users(session)?.(id)) ?? [], [id]);
  return (
    <>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          query.set({ who, id: id.trim(), page: 0 });
        }}
      >
        <Choice
          name="who"
          labelText={t("why.who")}
          value={who}
          choices={(["user", "client"] as const).map((who) => [who, t(`why.${who}`)] as const)}
          onValue={setWho}
        />
        <TextField
          name="id"
          labelText={t(who === "user" ? "username" : "tenants.client_id")}
          value={id}
          onValue={setId}
          list="known-people"
        />
        <datalist id="known-people">
          {known.data?.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </datalist>
        <Button type="submit" disabled={!id.trim()}>
          {t("who.find")}
        </Button>
      </form>
      {asked.id && (
        <Lines
          path="subject"
          query={asked}
          load={() => review(ask(api.GET("/access/v1/review/subject", { params: { query: asked } })))}
        />
      )}
    </>
  );
}

const OfAdministrators = () => (
  <Lines path="administrators" query={{}} load={() => review(ask(api.GET("/access/v1/review/administrators")))} />
);

/** Holder of the permission, and the IDs that look like theirs. */
const Holder = ({ partyType, partyId, partyName, similarTo }: Line) => (
  <>
    {word("owner", partyType)} {partyName ?? partyId}
    <SimilarTo ids={similarTo} />
  </>
);

/** Path that grants the permission, and its condition. */
const Path = ({ path, condition }: Line) => (
  <>
    <span className="code">{path}</span>
    {condition && <p className="hint">{allInWords(condition)}</p>}
  </>
);

/** Column for the number of requests until the holder is an administrator. */
const requests = (): Column<Line> => ({
  key: "requests",
  header: t("admin.column"),
  cell: ({ requests }) => (requests ? t("admin.requests_short", { count: requests }) : t("admin.now")),
});

type Review = Schemas["ReviewView"];

/** Narrows the response to JSON; only the export uses CSV. */
const review = async (answer: Promise<Review | string>) => (await answer) as Review;

/** States why the review is not complete. */
const Incomplete = ({ reason }: { reason: string }) => (
  <InlineNotification
    kind="info"
    lowContrast
    hideCloseButton
    title={t("who.incomplete")}
    subtitle={word("incomplete", reason)}
  />
);

interface LinesProps {
  path: string;
  query: Record<string, string>;
  load: () => Promise<Schemas["ReviewView"]>;
}

function Lines({ path, query, load }: LinesProps) {
  const asked = JSON.stringify(query);
  const { data, problem } = useLoad(load, [path, asked]);
  const exported = (format: string) => `${base}/access/v1/review/${path}?${new URLSearchParams({ ...query, format })}`;
  const lines = async (): Promise<Line[]> => {
    if (problem) throw problem;
    return data?.lines ?? [];
  };
  if (!data && !problem) return null;
  const gap = data?.incomplete && <Incomplete reason={data.incomplete.reason} />;
  if (data?.lines.length === 0)
    return (
      <>
        {gap}
        <Empty title={t(gap ? "who.none_known" : "who.none")} text={t("who.none_text")} />
      </>
    );
  return (
    <>
      {gap}
      {data?.administration && <AdministrationNotice way={data.administration} />}
      {data?.more && <p className="hint">{t("who.more")}</p>}
      <Listing<Line>
        label={t("who.title")}
        search={t("members.search")}
        load={local(lines, ({ partyId, partyName, resourceType, resourceId, path }) => [
          partyId,
          partyName ?? "",
          resourceType,
          resourceId,
          path,
        ])}
        on={[path, asked, data, problem]}
        rowKey={({ path, authorizationKey, resourceType, resourceId, permissions }) =>
          [path, authorizationKey, resourceType, resourceId, ...permissions].join(" ")
        }
        columns={[
          { key: "party", header: t("why.who"), cell: (line) => <Holder {...line} /> },
          { key: "path", header: t("who.path"), cell: (line) => <Path {...line} /> },
          ...(path === "administrators" ? [requests()] : []),
          {
            key: "resource",
            header: t("grants.resource"),
            cell: ({ resourceType, resourceId }) => `${resourceType} ${resourceId}`,
            minor: true,
          },
          {
            key: "permissions",
            header: t("grants.permissions"),
            cell: ({ permissions }) => permissions.join(", "),
            minor: true,
          },
        ]}
        tools={
          <>
            <Button
              size="lg"
              kind="tertiary"
              renderIcon={Download}
              as="a"
              href={exported("csv")}
              download={`review-${path}.csv`}
            >
              CSV
            </Button>
            <Button
              size="lg"
              kind="tertiary"
              renderIcon={Download}
              as="a"
              href={exported("json")}
              download={`review-${path}.json`}
            >
              JSON
            </Button>
          </>
        }
        empty={{ title: t("who.none"), text: t("who.none_text") }}
      />
    </>
  );
}
