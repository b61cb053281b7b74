/** Tests a change of mapping rules before it is saved: on recent callers, and on a pasted token or the own session. */

import { Button, TextArea } from "@carbon/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { type Item, simulate } from "../api/decisions";
import { problemOf } from "../api/problem";
import { type Session, useSession } from "../app/session";
import { t } from "../lib/i18n";
import { Effects, items } from "./Effects";
import { ProblemNotice } from "./ProblemNotice";

/** Number of recent callers in the test. */
const CALLERS = 1000;

interface Props {
  /** The change, as the simulation takes it. */
  changes: () => object[];
  disabled?: boolean;
}

/** The bearer of a pasted token, or the own session. The question itself is not shown, but the simulation needs one. */
function questionAbout(session: Session, token: string) {
  const { type, id } = session.capabilities.caller;
  const subject = token ? { type: "token", id: token } : { type: type === "CLIENT" ? "client" : "user", id };
  return { subject, action: { name: "read" }, resource: { type: "api", id: "*" } };
}

export function RuleTest({ changes, disabled }: Props) {
  const session = useSession();
  const [token, setToken] = useState("");
  const test = useMutation({
    mutationFn: () => simulate(changes(), CALLERS, questionAbout(session, token.trim())),
  });
  const problem = problemOf(test);
  return (
    <section className="rule-test" aria-label={t("try.title")}>
      <TextArea
        id="field-test-token"
        labelText={t("try.token")}
        helperText={t("try.token_help")}
        rows={2}
        value={token}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setToken(event.target.value)}
      />
      <Button kind="tertiary" size="md" disabled={disabled || test.isPending} onClick={() => test.mutate()}>
        {t("try.try")}
      </Button>
      <div aria-live="polite">
        {problem && <ProblemNotice problem={problem} />}
        {test.data && <Outcome {...test.data} ofToken={token.trim() !== ""} />}
      </div>
    </section>
  );
}

type Simulated = Awaited<ReturnType<typeof simulate>>;

function Outcome({ recentCallers, subject, ofToken }: Simulated & { ofToken: boolean }) {
  const { lookedAt, changed, unknown } = recentCallers;
  return (
    <div className="panels">
      <p role="status">
        {bearer(subject, ofToken)} {t("try.looked_at", { count: lookedAt })}{" "}
        {lookedAt > 0 && t("try.changes_for", { count: changed.length })}
        {unknown > 0 && ` ${t("try.unknown", { count: unknown })}`}
      </p>
      {changed.length > 0 && (
        <Effects
          label={t("try.changes")}
          effects={changed.map(({ type, id, gained, lost }) => ({
            type,
            id,
            gained: gained as unknown as Item[],
            lost: lost as unknown as Item[],
          }))}
        />
      )}
    </div>
  );
}

/** Effect on the bearer of the token, or on the own session, in a sentence. */
function bearer(subject: Simulated["subject"], ofToken: boolean): string {
  if (!subject) return ofToken ? t("try.token_rejected") : t("try.session_unknown");
  const who = ofToken ? t("try.bearer", { id: subject.id }) : t("try.session");
  const [gained, lost] = [subject.gained, subject.lost].map((all) => all as unknown as Item[]);
  if (!gained?.length && !lost?.length) return t("try.no_effect", { who });
  return [
    ...(gained?.length ? [t("try.gains_of", { who, what: items(gained) })] : []),
    ...(lost?.length ? [t("try.loses_of", { who, what: items(lost) })] : []),
  ].join(" ");
}
