/** Lines of an access review: every path, with export. */

import { Download } from "@carbon/icons-react";
import { Button, InlineNotification } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { api, ask, base, type Schemas } from "../../api/client";
import { allInWords } from "../../api/conditions";
import { problemOf } from "../../api/problem";
import { pathInWords, resourceInWords, review } from "../../api/reviews";
import { t, word } from "../../lib/i18n";
import { AdministrationNotice } from "../../parts/AdministrationNotice";
import { Breakable } from "../../parts/Breakable";
import { Empty } from "../../parts/Empty";
import { type Column, Listing, local } from "../../parts/Listing";
import { breaking } from "../../parts/Name";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { SimilarTo } from "../../parts/SimilarTo";

type Line = Schemas["LineView"];

/** Holder of the permission, and the IDs that look like theirs. */
const Holder = ({ partyType, partyId, partyName, similarTo }: Line) => (
  <>
    {word("owner", partyType)} {partyName ? `${partyName} (${partyId})` : partyId}
    <SimilarTo ids={similarTo} />
  </>
);

const Permissions = ({ names }: { names: string[] }) => (
  <span className="code">
    <Breakable text={names.join(", ")} />
  </span>
);

/** Path that grants the permission, and its condition. Narrow screens have no columns for resource and permissions. */
const Path = ({ pathInNames, condition, resourceType, resourceId, permissions }: Line) => (
  <>
    <span className="code">{pathInWords(pathInNames)}</span>
    {condition && <p className="hint">{allInWords(condition)}</p>}
    <p className="narrow">
      {resourceInWords(resourceType, resourceId)}: <Permissions names={permissions} />
    </p>
  </>
);

const holder = (minor: boolean): Column<Line> => ({
  key: "party",
  header: t("why.who"),
  cell: (line) => <Holder {...line} />,
  minor,
});

/** Column for the number of requests until the holder is an administrator. */
const requests = (): Column<Line> => ({
  key: "requests",
  header: t("admin.column"),
  cell: ({ requests }) => (requests ? t("admin.requests_short", { count: requests }) : t("admin.now")),
});

/** States why the review is not complete. */
const Incomplete = ({ reason }: { reason: string }) => (
  <InlineNotification
    kind="info"
    statusIconDescription={word("notice", "info")}
    lowContrast
    hideCloseButton
    title={t("who.incomplete")}
    subtitle={word("incomplete", reason)}
  />
);

/** Maximum number of lines that a page loads. Exports have no limit of their own. */
export const SHOWN_LINES = 1000;

interface LinesProps {
  path: string;
  query: Record<string, string>;
  load: (signal: AbortSignal) => Promise<Schemas["ReviewView"]>;
}

export function Lines({ path, query, load }: LinesProps) {
  const queryKey = ["reviews", path, query];
  const loaded = useQuery({ queryKey, queryFn: ({ signal }) => load(signal) });
  const { data, refetch } = loaded;
  const problem = problemOf(loaded);
  const exported = (format: string) => `${base}/access/v1/review/${path}?${new URLSearchParams({ ...query, format })}`;
  if (problem) return <ProblemNotice problem={problem} onRetry={refetch} />;
  if (!data) return null;
  const gap = data.incomplete && <Incomplete reason={data.incomplete.reason} />;
  if (data.lines.length === 0)
    return (
      <>
        {gap}
        <Empty title={t(gap ? "who.none_known" : "who.none")} text={t("who.none_text")} />
      </>
    );
  return (
    <>
      {gap}
      {data.administration && <AdministrationNotice way={data.administration} />}
      {data.more && <p className="hint">{t("who.more")}</p>}
      <Listing<Line>
        label={t("who.title")}
        search={t("members.search")}
        load={local(
          async () => data.lines,
          ({ partyId, partyName, resourceType, resourceId, pathInNames }) => [
            partyId,
            partyName ?? "",
            resourceType,
            resourceId,
            pathInNames,
            pathInWords(pathInNames),
          ],
        )}
        queryKey={[...queryKey, { loadedAt: loaded.dataUpdatedAt }]}
        rowKey={({ path, authorizationKey, resourceType, resourceId, permissions }) =>
          [path, authorizationKey, resourceType, resourceId, ...permissions].join(" ")
        }
        columns={[
          ...(path === "me" ? [] : [holder(path === "subject")]),
          { key: "path", header: t("who.path"), cell: (line) => <Path {...line} /> },
          ...(path === "administrators" ? [requests()] : []),
          {
            key: "resource",
            header: t("grants.resource"),
            cell: ({ resourceType, resourceId }) => (
              <span className={`code ${breaking(resourceId)}`}>
                <Breakable text={resourceInWords(resourceType, resourceId)} />
              </span>
            ),
            minor: true,
          },
          {
            key: "permissions",
            header: t("grants.permissions"),
            cell: ({ permissions }) => <Permissions names={permissions} />,
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

/** All access of a user or client, with a link to the explanation of one. */
export function AccessOf({ type, id }: { type: "user" | "client"; id: string }) {
  const query = { type, id };
  return (
    <>
      <p>
        <Link href={`/why?${new URLSearchParams({ who: type, id })}`} className="cds--link">
          {t("access.explain")}
        </Link>
      </p>
      <Lines
        path="subject"
        query={query}
        load={(signal) =>
          review(
            ask(api.GET("/access/v1/review/subject", { params: { query: { ...query, limit: SHOWN_LINES } }, signal })),
          )
        }
      />
    </>
  );
}
