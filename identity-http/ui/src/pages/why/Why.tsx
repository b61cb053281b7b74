/** Explains why access is granted or denied, and which changes would grant it. */

import { Button, TextArea } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask } from "../../api/client";
import { type Answer, type Explanation, explain, type Question } from "../../api/decisions";
import { asProblem, type Problem, problemOf } from "../../api/problem";
import { useSession } from "../../app/session";
import { t, time } from "../../lib/i18n";
import { useUrlState } from "../../lib/useUrlState";
import { Choice, TextField } from "../../parts/fields";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { QuestionFields } from "../../parts/QuestionFields";
import { TabPages } from "../../parts/TabPages";
import { Verdict } from "./Verdict";

export default function Why() {
  return (
    <Page title={t("why.title")} lead={t("why.lead")}>
      <TabPages
        label={t("why.title")}
        tabs={[
          { id: "question", title: t("why.question"), content: () => <Ask /> },
          { id: "denial", title: t("why.refusal"), content: () => <Refusal /> },
        ]}
      />
    </Page>
  );
}

function Ask() {
  const session = useSession();
  const query = useUrlState();
  const [question, setQuestion] = useState<Question>({
    who: query.get("who") || "user",
    id: query.get("id"),
    type: query.get("type") || "api",
    action: query.get("action") || "read",
    resource: query.get("resource"),
    properties: remembered(query.get("properties")),
  });
  const [token, setToken] = useState("");
  const [answer, setAnswer] = useState<{ to: Question; said: Answer }>();
  const [problem, setProblem] = useState<Problem>();
  const known = choices.useChoices(choices.users(session), question.id);
  const usual = { api: "camunda-identity-resource-server", tenant: "<default>" }[question.type];
  const submit = async () => {
    const asked = { ...question, resource: question.resource.trim() || (usual ?? "*") };
    // Tokens must not be in URLs.
    const { properties, ...rest } = asked;
    if (asked.who !== "token") query.set({ ...rest, properties: kept(properties) });
    try {
      setAnswer({ to: asked, said: await explain(asked.who === "token" ? { ...asked, id: token.trim() } : asked) });
      setProblem(undefined);
    } catch (error) {
      setAnswer(undefined);
      setProblem(asProblem(error));
    }
  };
  const who = ["user", "client", ...(session.has("inspection") ? ["token"] : [])];
  return (
    <>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Choice
          name="who"
          labelText={t("why.who")}
          value={question.who}
          choices={who.map((who) => [who, t(`why.${who as "user" | "client" | "token"}`)] as const)}
          onValue={(who) => setQuestion({ ...question, who })}
        />
        {question.who === "token" ? (
          <TextArea
            id="field-token"
            labelText={t("why.token")}
            helperText={t("why.token_help")}
            rows={3}
            value={token}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setToken(event.target.value)}
          />
        ) : (
          <>
            <TextField
              name="id"
              labelText={t(question.who === "user" ? "username" : "tenants.client_id")}
              value={question.id}
              onValue={(id) => setQuestion({ ...question, id })}
              list={question.who === "user" ? "known-people" : undefined}
            />
            <datalist id="known-people">
              {known.data?.map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
            </datalist>
          </>
        )}
        <QuestionFields withProperties value={question} onValue={(target) => setQuestion({ ...question, ...target })} />
        <Button
          type="submit"
          disabled={!(question.who === "token" ? token : question.id).trim() || !question.action.trim()}
        >
          {t("why.ask")}
        </Button>
      </form>
      {problem && <ProblemNotice problem={problem} />}
      {answer && (
        <Verdict
          allowed={answer.said.decision}
          undecided={answer.said.undecided}
          detail={answer.said.detail}
          subject={answer.said.subject}
          explanation={answer.said.explanation}
          administration={answer.said.administration}
          target={answer.to}
          onChanged={() => void submit()}
        />
      )}
    </>
  );
}

/** Encodes the properties for the URL. */
const kept = (properties: Record<string, string> = {}) =>
  new URLSearchParams(Object.entries(properties).filter(([, text]) => text.trim() !== "")).toString();
const remembered = (text: string) => Object.fromEntries(new URLSearchParams(text));

/** Denial by this service, found by the reason ID of the 403 response. */
function Refusal() {
  const query = useUrlState();
  const [id, setId] = useState(query.get("refusal"));
  const asked = query.get("refusal");
  const denial = useQuery({
    queryKey: ["denials", asked],
    queryFn: ({ signal }) =>
      ask(api.GET("/access/v1/denials/{id}", { params: { path: { id: Number(asked) } }, signal })),
    enabled: asked !== "",
  });
  const { data } = denial;
  const problem = problemOf(denial);
  return (
    <>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          query.set({ refusal: id.trim() });
        }}
      >
        <TextField
          name="refusal"
          labelText={t("why.reason_id")}
          helperText={t("why.reason_id_help")}
          value={id}
          onValue={setId}
        />
        <Button type="submit" disabled={!id.trim()}>
          {t("why.open")}
        </Button>
      </form>
      {problem && <ProblemNotice problem={problem} />}
      {data && (
        <>
          <dl className="facts">
            <dt>{t("audit.time")}</dt>
            <dd>{time(data.at)}</dd>
            <dt>{t("why.needed")}</dt>
            <dd>{data.question}</dd>
            {!data.asItWas && (
              <>
                <dt>{t("why.today")}</dt>
                <dd>{t("why.today_text")}</dd>
              </>
            )}
          </dl>
          <Verdict
            allowed={false}
            undecided={!data.explanation && data.basis != null}
            subject={
              data.subject
                ? {
                    ...data.subject,
                    mappingRules: [],
                    groups: [],
                    roles: [],
                    tenants: [],
                    basis: data.basis,
                    basisAt: data.basisAt,
                  }
                : undefined
            }
            explanation={(data.explanation ?? undefined) as Explanation | undefined}
            target={{ type: data.question, action: "", resource: "" }}
          />
        </>
      )}
    </>
  );
}
