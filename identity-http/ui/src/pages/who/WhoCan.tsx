/** Access review of a resource, of a subject, or of the administrators: lists every path, with export. */

import { Button } from "@carbon/react";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask } from "../../api/client";
import { review } from "../../api/reviews";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { useUrlState } from "../../lib/useUrlState";
import { Choice, TextField } from "../../parts/fields";
import { Page } from "../../parts/Page";
import { QuestionFields, type Target } from "../../parts/QuestionFields";
import { TabPages } from "../../parts/TabPages";
import { Lines, SHOWN_LINES } from "./Lines";

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
  const query = useUrlState();
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
          load={(signal) =>
            review(
              ask(
                api.GET("/access/v1/review/resource", { params: { query: { ...wanted, limit: SHOWN_LINES } }, signal }),
              ),
            )
          }
        />
      )}
    </>
  );
}

function OfSubject() {
  const session = useSession();
  const query = useUrlState();
  const asked = { type: query.get("who"), id: query.get("id") };
  const [who, setWho] = useState(asked.type || "user");
  const [id, setId] = useState(asked.id);
  const known = choices.useChoices(choices.users(session), id);
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
          load={(signal) =>
            review(
              ask(
                api.GET("/access/v1/review/subject", { params: { query: { ...asked, limit: SHOWN_LINES } }, signal }),
              ),
            )
          }
        />
      )}
    </>
  );
}

const OfAdministrators = () => (
  <Lines
    path="administrators"
    query={{}}
    load={(signal) =>
      review(ask(api.GET("/access/v1/review/administrators", { params: { query: { limit: SHOWN_LINES } }, signal })))
    }
  />
);
