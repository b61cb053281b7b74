/** Simulates a mapping rule for recent callers before it is saved. */

import { Button } from "@carbon/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask, type Schemas } from "../../api/client";
import { problemOf } from "../../api/problem";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t, word } from "../../lib/i18n";
import { Choice, TextField } from "../../parts/fields";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { RuleTest } from "../../parts/RuleTest";

type Type = "ROLE" | "TENANT" | "GROUP";
type Operator = "EQUALS" | "CONTAINS";

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
  const isComplete = claimName.trim() !== "" && claimValue !== "" && target !== "";
  const changes = () => [
    { createMappingRule: { id: TRIED, name: TRIED, claimName: claimName.trim(), claimValue, operator } },
    { addMember: { containerType: type, containerId: target, memberType: "MAPPING_RULE", memberId: TRIED } },
  ];
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
  };
  const saving = useMutation({ mutationFn: save });
  const problem = problemOf(saving);
  const options = [["", ""] as const, ...(targets.data ?? []).map(({ id, title }) => [id, title] as const)];
  const types: Type[] = session.has("tenants") ? ["ROLE", "TENANT", "GROUP"] : ["ROLE", "GROUP"];
  return (
    <Page title={t("try.title")} lead={t("try.lead")}>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
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
      </form>
      <RuleTest changes={changes} disabled={!isComplete} />
      {problem && <ProblemNotice problem={problem} />}
      {session.mayWrite && (
        <Button kind="tertiary" disabled={!isComplete} onClick={() => saving.mutate()}>
          {t("try.save")}
        </Button>
      )}
    </Page>
  );
}
