/** Policies as code: the applied documents, export, plan and application. */

import { Download } from "@carbon/icons-react";
import { Button } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { api, ask } from "../../api/client";
import { type AppliedDocument, appliedDocuments } from "../../api/documents";
import { asProblem, problemOf } from "../../api/problem";
import { useToast } from "../../app/toasts";
import { t, time } from "../../lib/i18n";
import { save } from "../../lib/save";
import { Empty } from "../../parts/Empty";
import { Page } from "../../parts/Page";
import { Plain } from "../../parts/Plain";
import { describe, ProblemNotice } from "../../parts/ProblemNotice";
import { PlanForm } from "./PlanForm";

export default function Policies() {
  return (
    <Page title={t("policies.title")} lead={t("policies.lead")} actions={<Export />}>
      <Documents />
      <PlanForm />
    </Page>
  );
}

/** Formats of an export, with their names. */
const FORMATS = { yaml: "YAML", json: "JSON" } as const;

function Export() {
  const say = useToast();
  const start = async (format: keyof typeof FORMATS) => {
    try {
      const document = await ask(api.GET("/api/policies"));
      const text =
        format === "yaml"
          ? (await import("../../lib/policyFiles")).asYaml(document)
          : `${JSON.stringify(document, null, 2)}\n`;
      save(`policies.${format}`, [text], `application/${format}`);
    } catch (error) {
      say({ kind: "error", title: t("export.failed"), detail: describe(asProblem(error)) });
    }
  };
  return Object.entries(FORMATS).map(([format, name]) => (
    <Button
      key={format}
      kind="tertiary"
      renderIcon={Download}
      onClick={() => void start(format as keyof typeof FORMATS)}
    >
      {t("export.start", { name })}
    </Button>
  ));
}

function Documents() {
  const loaded = useQuery(appliedDocuments);
  const problem = problemOf(loaded);
  const { data } = loaded;
  return (
    <section aria-labelledby="documents-title">
      <h2 className="group-title" id="documents-title">
        {t("policies.documents")}
      </h2>
      {problem && <ProblemNotice problem={problem} onRetry={loaded.refetch} />}
      {data?.length === 0 && (
        <Empty
          title={t("policies.none")}
          text={t("policies.none_text")}
          action={
            <Link href="/help/gitops" className="cds--link">
              {t("policies.none_help")}
            </Link>
          }
        />
      )}
      {data && data.length > 0 && (
        <Plain<AppliedDocument>
          label={t("policies.documents")}
          rows={data}
          rowKey={({ name }) => name}
          columns={[
            { key: "name", header: t("name"), cell: ({ name }) => name },
            { key: "at", header: t("policies.at"), cell: ({ at }) => time(at) },
            { key: "source", header: t("policies.source"), cell: ({ source }) => source ?? "–" },
            { key: "revision", header: t("audit.revision"), cell: ({ revision }) => revision, minor: true },
          ]}
        />
      )}
    </section>
  );
}
