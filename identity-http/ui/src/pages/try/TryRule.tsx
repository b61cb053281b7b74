/** Simulates a mapping rule for recent callers before it is saved. */

import { Button } from "@carbon/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask, type Schemas } from "../../api/client";
import { type Item, simulate } from "../../api/decisions";
import { problemOf } from "../../api/problem";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t, word } from "../../lib/i18n";
import { Choice, TextField } from "../../parts/fields";
import { Page } from "../../parts/Page";
import { Plain } from "../../parts/Plain";
import { ProblemNotice } from "../../parts/ProblemNotice";

type Type = "ROLE" | "TENANT" | "GROUP";
type Operator = "EQUALS" | "CONTAINS";

/** Number of recent callers in the simulation. */
const CALLERS = 1000;
/** ID of the simulated rule, which no existing rule has. */
const TRIED = "tried-here-and-never-saved";

export default function TryRule() {
  const session = useSession();
  const say = useToast();
  const [claimName, setClaimName] = useState("");
  const [claimValue, setClaimValue] = useState("");
  const [operator, setOperator] = useState<Operator>("EQUALS");
  const [type, setType] = useState<Type>("ROLE");
  const [target, setTarget] = useState("");
  const find = { ROLE: choices.roles, TENANT: choices.tenants, GROUP: choices.groups }[type];
  const targets = choices.useChoices(find, "");
  const simulated = async () => {
    const rule = { id: TRIED, name: TRIED, claimName: claimName.trim(), claimValue, operator };
    const member = { containerType: type, containerId: target, memberType: "MAPPING_RULE", memberId: TRIED };
    return simulate([{ createMappingRule: rule }, { addMember: member }], CALLERS);
  };
  const save = async () => {
    const body: Schemas["RuleBody"] = {
      name: `${claimName.trim()} ${claimValue}`,
      claimName: claimName.trim(),
      claimValue,
      operator,
      type,
      appliedRoleNames: type === "ROLE" ? [target] : [],
      appliedTenantIds: type === "TENANT" ? [target] : [],
      appliedGroupIds: type === "GROUP" ? [target] : [],
    };
    await ask(api.POST("/api/mapping-rules", { body }));
    say({ title: t("saved", { name: body.name }) });
    changed(["mapping-rules"]);
    test.reset();
  };
  const test = useMutation({ mutationFn: simulated });
  const saving = useMutation({ mutationFn: save });
  const outcome = test.data;
  const problem = problemOf(test) ?? problemOf(saving);
  const options = [["", ""] as const, ...(targets.data ?? []).map(({ id, title }) => [id, title] as const)];
  const types: Type[] = session.has("tenants") ? ["ROLE", "TENANT", "GROUP"] : ["ROLE", "GROUP"];
  return (
    <Page title={t("try.title")} lead={t("try.lead")}>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          saving.reset();
          test.mutate();
        }}
      >
        <TextField
          name="claimName"
          labelText={t("rules.claim")}
          helperText={t("rules.claim_help")}
          value={claimName}
          onValue={setClaimName}
          problem={problem}
        />
        <Choice<Operator>
          name="operator"
          labelText={t("rules.operator")}
          value={operator}
          choices={(["EQUALS", "CONTAINS"] as const).map((operator) => [operator, word("operator", operator)] as const)}
          onValue={setOperator}
        />
        <TextField
          name="claimValue"
          labelText={t("rules.value")}
          value={claimValue}
          onValue={setClaimValue}
          problem={problem}
        />
        <Choice<Type>
          name="targetType"
          labelText={t("rules.type")}
          value={type}
          choices={types.map((type) => [type, word("owner", type)] as const)}
          onValue={(type) => {
            setType(type);
            setTarget("");
          }}
        />
        <Choice name="target" labelText={t("try.target")} value={target} choices={options} onValue={setTarget} />
        <Button type="submit" disabled={!claimName.trim() || !claimValue || !target}>
          {t("try.try")}
        </Button>
      </form>
      {problem && <ProblemNotice problem={problem} />}
      {outcome && (
        <section className="panels" aria-live="polite">
          <p role="status">
            {t("try.looked_at", { count: outcome.recentCallers.lookedAt })}{" "}
            {t("try.changes_for", { count: outcome.recentCallers.changed.length })}
            {outcome.recentCallers.unknown > 0 && ` ${t("try.unknown", { count: outcome.recentCallers.unknown })}`}
          </p>
          {outcome.recentCallers.changed.length > 0 && (
            <Plain
              label={t("try.changes")}
              rows={outcome.recentCallers.changed}
              rowKey={({ id, type }) => `${type} ${id}`}
              columns={[
                { key: "who", header: t("why.who"), cell: ({ type, id }) => `${word("owner", type)} ${id}` },
                { key: "gained", header: t("try.gains"), cell: ({ gained }) => items(gained as unknown as Item[]) },
                {
                  key: "lost",
                  header: t("try.loses"),
                  cell: ({ lost }) => items(lost as unknown as Item[]),
                  minor: true,
                },
              ]}
            />
          )}
          {session.mayWrite && (
            <div>
              <Button kind="tertiary" onClick={() => saving.mutate()}>
                {t("try.save")}
              </Button>
            </div>
          )}
        </section>
      )}
    </Page>
  );
}

const words = (item: Item) => {
  switch (item.kind) {
    case "GROUP":
      return `${word("owner", "GROUP")} ${item.group}`;
    case "ROLE":
      return `${word("owner", "ROLE")} ${item.role}`;
    case "TENANT":
      return `${word("owner", "TENANT")} ${item.tenant}`;
    case "PERMISSION":
      return `${item.permission.audience} ${item.permission.definition}`;
    case "RESOURCE":
      return `${item.resource_type} ${item.permission}`;
  }
};

const items = (all: Item[]) => (all.length > 0 ? list(all.map(words)) : "–");
