/** Token inspector: the checks and mapping rules applied to a token, and the resulting subject. */

import { Button, Tag, TextArea } from "@carbon/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ask, type Schemas } from "../../api/client";
import { problemOf } from "../../api/problem";
import { t, word } from "../../lib/i18n";
import { Page } from "../../parts/Page";
import { Plain } from "../../parts/Plain";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { Subject } from "../why/Verdict";

interface Check {
  check: string;
  passed: boolean | null;
  detail?: string;
  reason?: string;
  saw?: unknown;
  wanted?: unknown;
}

type Rule = Schemas["InspectedRule"];

/** Detects whether the input is a token or claims in JSON. */
function evidence(text: string): { token: string } | { claims: object } {
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === "object" && claims !== null) return { claims };
  } catch {
    // Not JSON: a token.
  }
  return { token: text };
}

const shown = (value: unknown) =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

export default function Inspector() {
  const [text, setText] = useState("");
  const inspection = useMutation({
    mutationFn: () => ask(api.POST("/access/v1/inspect", { body: evidence(text.trim()) as never })),
  });
  const found = inspection.data;
  const problem = problemOf(inspection);
  const checks = (found?.steps ?? []) as unknown as Check[];
  return (
    <Page title={t("inspector.title")} lead={t("inspector.lead")}>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          inspection.mutate();
        }}
      >
        <TextArea
          id="field-token"
          labelText={t("inspector.token")}
          helperText={t("inspector.token_help")}
          rows={5}
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" disabled={!text.trim()}>
          {t("inspector.inspect")}
        </Button>
      </form>
      {problem && <ProblemNotice problem={problem} />}
      {found && (
        <div className="panels" aria-live="polite">
          <section>
            <h2 className="group-title">{t("inspector.bearer")}</h2>
            {found.subject ? (
              <>
                <p>
                  {word("owner", found.subject.type)} <strong>{found.subject.id}</strong>
                </p>
                <Subject {...found.subject} />
              </>
            ) : (
              <p>{t("inspector.no_bearer")}</p>
            )}
          </section>
          {checks.length > 0 && (
            <section>
              <h2 className="group-title">{t("inspector.checks")}</h2>
              <Plain<Check>
                label={t("inspector.checks")}
                rows={checks}
                rowKey={({ check }) => check}
                columns={[
                  { key: "check", header: t("inspector.check"), cell: ({ check }) => word("check", check) },
                  {
                    key: "passed",
                    header: t("audit.result"),
                    cell: ({ passed }) => (
                      <Tag size="sm" type={passed === null ? "gray" : passed ? "green" : "red"}>
                        {t(passed === null ? "inspector.not_made" : passed ? "inspector.passed" : "inspector.failed")}
                      </Tag>
                    ),
                  },
                  {
                    key: "detail",
                    header: t("inspector.detail"),
                    cell: ({ detail, reason }) => detail ?? reason ?? "–",
                  },
                  {
                    key: "saw",
                    header: t("inspector.saw"),
                    cell: ({ saw }) => <span className="code">{shown(saw)}</span>,
                    minor: true,
                  },
                  {
                    key: "wanted",
                    header: t("inspector.wanted"),
                    cell: ({ wanted }) => <span className="code">{shown(wanted)}</span>,
                    minor: true,
                  },
                ]}
              />
            </section>
          )}
          {found.rules.length > 0 && (
            <section>
              <h2 className="group-title">{t("rules.title")}</h2>
              <Plain<Rule>
                label={t("rules.title")}
                rows={found.rules}
                rowKey={({ id }) => id}
                columns={[
                  { key: "name", header: t("name"), cell: ({ name }) => name },
                  {
                    key: "matches",
                    header: t("audit.result"),
                    cell: ({ matches }) => (
                      <Tag size="sm" type={matches ? "green" : "gray"}>
                        {t(matches ? "inspector.matches" : "inspector.does_not")}
                      </Tag>
                    ),
                  },
                  {
                    key: "condition",
                    header: t("rules.condition"),
                    cell: ({ claimName, operator, claimValue }) => (
                      <span className="code">
                        {claimName} {word("operator", operator)} {claimValue}
                      </span>
                    ),
                  },
                  {
                    key: "saw",
                    header: t("inspector.saw"),
                    cell: ({ saw }) => <span className="code">{shown(saw)}</span>,
                  },
                ]}
              />
              {found.moreRules && <p className="hint">{t("inspector.more_rules")}</p>}
            </section>
          )}
        </div>
      )}
    </Page>
  );
}
