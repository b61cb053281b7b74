import { Add } from "@carbon/icons-react";
import { Button, DismissibleTag } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import * as choices from "../../api/choices";
import { api, ask, type Schemas } from "../../api/client";
import { changed } from "../../api/queries";
import { titleOf } from "../../api/roles";
import { askVersioned, type Versioned } from "../../api/versions";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { list, t, word } from "../../lib/i18n";
import { useEdited } from "../../parts/Conflict";
import { FormDialog } from "../../parts/Dialog";
import { Choice, TextField } from "../../parts/fields";
import { Managed } from "../../parts/Managed";
import { PickDialog } from "../../parts/PickDialog";
import { ReachNotice, useReach } from "../../parts/Reach";
import { RuleTest } from "../../parts/RuleTest";

type Rule = Schemas["RuleView"];
type Body = Schemas["RuleBody"];
type Type = NonNullable<Rule["type"]>;
type Operator = Rule["operator"];

export interface Target {
  kind: Type;
  id: string;
  title: string;
}

/** Returns the roles, tenants and groups that a rule assigns. */
export const targetsOf = ({ appliedRoles, appliedTenants, appliedGroups }: Rule): Target[] => [
  ...appliedRoles.map((role) => ({ kind: "ROLE" as const, id: role.name, title: titleOf(role) })),
  ...appliedTenants.map(({ tenantId, name }) => ({ kind: "TENANT" as const, id: tenantId, title: name })),
  ...appliedGroups.map(({ id, name }) => ({ kind: "GROUP" as const, id, title: name })),
];

const body = (
  rule: Pick<Rule, "name" | "claimName" | "claimValue" | "operator" | "type" | "issuer">,
  targets: Target[],
): Body => {
  const ids = (kind: Type) => targets.filter((target) => target.kind === kind).map(({ id }) => id);
  return {
    ...rule,
    appliedRoleNames: ids("ROLE"),
    appliedTenantIds: ids("TENANT"),
    appliedGroupIds: ids("GROUP"),
  };
};

/** Returns the request body that recreates a rule, for undo. */
export const bodyOf = (rule: Rule): Body => {
  const { name, claimName, claimValue, operator, type, issuer } = rule;
  return body({ name, claimName, claimValue, operator, type, issuer }, targetsOf(rule));
};

/** ID of a new rule in tests, which no existing rule has. */
const TRIED = "tried-here-and-never-saved";
const TYPES: readonly Type[] = ["ROLE", "TENANT", "GROUP"];
const OPERATORS: readonly Operator[] = ["EQUALS", "CONTAINS"];
const FIND: Record<Type, choices.Find> = { ROLE: choices.roles, TENANT: choices.tenants, GROUP: choices.groups };

export const readRule = (id: string) => askVersioned(api.GET("/api/mapping-rules/{id}", { params: { path: { id } } }));

const fieldsOf = (rule: Rule) => {
  const { name, claimName, claimValue, operator, issuer } = rule;
  return { name, claimName, claimValue, operator, issuer: issuer ?? "", targets: targetsOf(rule) };
};

export function RuleForm({ rule, onClose }: { rule?: Versioned<Rule>; onClose: () => void }) {
  const session = useSession();
  const say = useToast();
  const [name, setName] = useState(rule?.name ?? "");
  const [claimName, setClaimName] = useState(rule?.claimName ?? "");
  const [claimValue, setClaimValue] = useState(rule?.claimValue ?? "");
  const [operator, setOperator] = useState<Operator>(rule?.operator ?? "EQUALS");
  const [type, setType] = useState<Type>(rule?.type ?? "ROLE");
  const [issuer, setIssuer] = useState(rule?.issuer ?? "");
  const [targets, setTargets] = useState<Target[]>(rule ? targetsOf(rule) : []);
  const [picking, setPicking] = useState(false);
  // Suggests the claims of the user's own session, which other tokens are most likely to have.
  const own = useQuery({
    queryKey: ["sessions", { own: true, claims: true }],
    queryFn: ({ signal }) => ask(api.GET("/api/me/session", { signal })),
    enabled: session.has("sessions"),
  });
  const { headers, conflict } = useEdited({
    entity: rule,
    fieldsOf,
    fields: [
      { name: "name", label: t("name") },
      { name: "claimName", label: t("rules.claim") },
      { name: "operator", label: t("rules.operator"), text: (operator: Operator) => word("operator", operator) },
      { name: "claimValue", label: t("rules.value") },
      { name: "issuer", label: t("rules.issuer") },
      {
        name: "targets",
        label: t("rules.targets"),
        text: (targets: Target[]) => list(targets.map(({ title }) => title)),
      },
    ],
    audited: ({ id }) => ({ entityType: "MAPPING_RULE", entityKey: id }),
    reload: () => readRule(rule?.id ?? ""),
    values: { name, claimName, claimValue, operator, issuer, targets },
    adopt: (values) => {
      setName(values.name);
      setClaimName(values.claimName);
      setClaimValue(values.claimValue);
      setOperator(values.operator);
      setIssuer(values.issuer);
      setTargets(values.targets);
    },
  });
  const save = async () => {
    const fields = {
      name: name.trim(),
      claimName: claimName.trim(),
      claimValue,
      operator,
      issuer: issuer.trim() || null,
    };
    if (rule) {
      const change = body({ ...fields, type: rule.type }, targets);
      await ask(
        api.PUT("/api/mapping-rules/{id}", { params: { path: { id: rule.id } }, body: change, headers: headers() }),
      );
    } else {
      await ask(api.POST("/api/mapping-rules", { body: body({ ...fields, type }, targets) }));
    }
    say({ title: t("saved", { name }) });
    changed(["mapping-rules"]);
  };
  const tested = () => {
    const id = rule?.id ?? TRIED;
    const predicate = {
      id,
      name: name.trim() || id,
      claimName: claimName.trim(),
      claimValue,
      operator,
      issuer: issuer.trim() || null,
    };
    const member = ({ kind, id: containerId }: Target) => ({
      containerType: kind,
      containerId,
      memberType: "MAPPING_RULE",
      memberId: id,
    });
    const before = rule ? targetsOf(rule) : [];
    const isIn = (all: Target[], one: Target) => all.some(({ kind, id }) => kind === one.kind && id === one.id);
    return [
      rule ? { updateMappingRule: predicate } : { createMappingRule: predicate },
      ...before.filter((one) => !isIn(targets, one)).map((one) => ({ removeMember: member(one) })),
      ...targets.filter((one) => !isIn(before, one)).map((one) => ({ addMember: member(one) })),
    ];
  };
  const isComplete = name.trim() !== "" && claimName.trim() !== "" && claimValue !== "";
  const gained = useReach(isComplete ? tested() : undefined);
  const kinds = TYPES.filter((kind) => kind !== "TENANT" || session.has("tenants"));
  return (
    <>
      <FormDialog
        size="md"
        heading={t(rule ? "rules.edit" : "rules.create")}
        submit={t(rule ? "save" : "create")}
        disabled={!isComplete || gained.isOpen}
        conflict={conflict}
        shownAs={["curl", "yaml"]}
        onSubmit={save}
        onClose={onClose}
      >
        {(problem) => (
          <>
            {rule && <Managed entity={{ type: "MAPPING_RULE", id: rule.id }} />}
            <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} />
            <TextField
              name="claimName"
              labelText={t("rules.claim")}
              helperText={t("rules.claim_help")}
              value={claimName}
              onValue={setClaimName}
              problem={problem}
              list="known-claims"
              spellCheck={false}
            />
            <datalist id="known-claims">
              {Object.keys(own.data?.claims ?? {}).map((claim) => (
                <option key={claim} value={claim} />
              ))}
            </datalist>
            <Choice<Operator>
              name="operator"
              labelText={t("rules.operator")}
              value={operator}
              choices={OPERATORS.map((operator) => [operator, word("operator", operator)] as const)}
              onValue={setOperator}
              problem={problem}
            />
            <TextField
              name="claimValue"
              labelText={t("rules.value")}
              value={claimValue}
              onValue={setClaimValue}
              problem={problem}
            />
            <TextField
              name="issuer"
              labelText={t("rules.issuer")}
              helperText={t("rules.issuer_help")}
              value={issuer}
              onValue={setIssuer}
              problem={problem}
              spellCheck={false}
            />
            {!rule && (
              <Choice<Type>
                name="type"
                labelText={t("rules.type")}
                value={type}
                choices={kinds.map((kind) => [kind, word("owner", kind)] as const)}
                onValue={(type) => {
                  setType(type);
                  setTargets([]);
                }}
                problem={problem}
              />
            )}
            <div role="group" aria-label={t("rules.targets")}>
              <p className="cds--label">{t("rules.targets")}</p>
              <div className="tags">
                {targets.map(({ kind, id, title }) => (
                  <DismissibleTag
                    key={`${kind} ${id}`}
                    type="blue"
                    text={title}
                    dismissTooltipLabel={t("members.remove", { name: title })}
                    onClose={() =>
                      setTargets((before) => before.filter((other) => other.id !== id || other.kind !== kind))
                    }
                  />
                ))}
              </div>
              <Button size="sm" kind="ghost" renderIcon={Add} onClick={() => setPicking(true)}>
                {t("rules.add_target", { kind: word("owner", rule?.type ?? type) })}
              </Button>
            </div>
            <ReachNotice {...gained} />
            {session.has("inspection") && <RuleTest changes={tested} disabled={!isComplete} />}
          </>
        )}
      </FormDialog>
      {picking && (
        <PickDialog
          heading={t("rules.add_target", { kind: word("owner", rule?.type ?? type) })}
          submit={t("add")}
          search={t("members.search")}
          find={FIND[rule?.type ?? type]}
          taken={new Set(targets.filter(({ kind }) => kind === (rule?.type ?? type)).map(({ id }) => id))}
          shownAs={[]}
          onPick={async (ids) => {
            const found = await FIND[rule?.type ?? type].search("");
            const titled = (id: string) => found.find((choice) => choice.id === id)?.title ?? id;
            setTargets((before) => [
              ...before,
              ...ids.map((id) => ({ kind: rule?.type ?? type, id, title: titled(id) })),
            ]);
          }}
          onClose={() => setPicking(false)}
        />
      )}
    </>
  );
}
