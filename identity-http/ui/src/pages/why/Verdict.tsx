/** Decision with its explanation: the path that grants access, or the remedies, with buttons that apply them. */

import { Checkmark, Close, Help as Unknown } from "@carbon/icons-react";
import { Button } from "@carbon/react";
import { useState } from "react";

import type { Administration } from "../../api/administration";
import type { Schemas } from "../../api/client";
import { allInWords, inWords as comparisonInWords } from "../../api/conditions";
import {
  type Authorization,
  type Explanation,
  type NearMiss,
  type Party,
  type Remedy,
  reach,
  type Scope,
  type Step,
} from "../../api/decisions";
import { useLabels } from "../../api/names";
import { changed } from "../../api/queries";
import { cure } from "../../api/remedies";
import { resourceInWords } from "../../api/reviews";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { ago, list, t, time, word } from "../../lib/i18n";
import { AdministrationNotice } from "../../parts/AdministrationNotice";
import { Chips } from "../../parts/Chips";
import { GrantDialog } from "../../parts/GrantDialog";
import { Name } from "../../parts/Name";
import type { Target } from "../../parts/QuestionFields";

interface Props {
  allowed: boolean;
  /** Whether the decision requires a token of the subject. */
  undecided?: boolean;
  detail?: string;
  subject?: Schemas["SubjectView"];
  explanation?: Explanation;
  administration?: Administration;
  target: Target;
  /** Called after a remedy was applied or undone. */
  onChanged?: () => void;
}

const HEADINGS = {
  yes: [Checkmark, "why.yes"],
  no: [Close, "why.no"],
  unknown: [Unknown, "why.undecided"],
} as const;

export function Verdict({
  allowed,
  undecided,
  detail,
  subject,
  explanation,
  administration,
  target,
  onChanged,
}: Props) {
  const said = explanation ? explanation.decision === "ALLOW" : allowed;
  const verdict = undecided ? "unknown" : said ? "yes" : "no";
  const [Icon, heading] = HEADINGS[verdict];
  return (
    <section className="verdict" aria-live="polite">
      <h2 className={verdict}>
        <Icon size={24} aria-hidden />
        {t(heading)}
      </h2>
      {undecided ? <p>{t("why.undecided_text")}</p> : detail && <p>{detail}</p>}
      {administration && <AdministrationNotice way={administration} />}
      {explanation?.decision === "ALLOW" && (
        <Graph nodes={explanation.because.map(nodeOf)} end={targetNode(target)} whole />
      )}
      {explanation?.decision === "DENY" && (
        <>
          {subject && <Graph nodes={[partyNode(subject as Party)]} end={targetNode(target)} />}
          <h3>{t("why.would_help")}</h3>
          <ol className="remedies">
            {explanation.because.map((miss, index) => (
              <li key={index}>
                <Help miss={miss} principal={subject as Party | undefined} onChanged={onChanged} />
              </li>
            ))}
          </ol>
        </>
      )}
      {subject && <Subject {...subject} />}
    </section>
  );
}

interface Node {
  kind: string;
  text: string;
  /** Type of the entity whose ID is the text. */
  type?: string;
  /** Label of the edge from the previous node. */
  edge?: string;
}

const partyNode = ({ type, id }: { type: string; id: string }): Node => ({ kind: word("owner", type), text: id, type });

const targetNode = ({ type, action, resource }: Target): Node => ({
  kind: action || t("why.needed"),
  text: resourceInWords(type, resource),
});

const scopeText = (scope: Scope) =>
  scope.match === "ANY"
    ? t("grants.all")
    : scope.match === "ID"
      ? scope.value
      : t("grants.by_property", { property: scope.value });

const authorizationText = ({ resource_type, scope, permissions, condition }: Authorization) =>
  [`${resource_type} ${scopeText(scope)}: ${list(permissions)}`, ...(condition ? [allInWords(condition)] : [])].join(
    ", ",
  );

function nodeOf(step: Step): Node {
  switch (step.step) {
    case "PRINCIPAL":
      return partyNode(step.principal);
    case "RULE":
      return {
        kind: word("owner", "MAPPING_RULE"),
        text: step.name,
        edge: t("edge.claim", { claim: step.claim, value: step.value }),
      };
    case "CLAIMED_GROUP":
      return { kind: word("owner", "GROUP"), text: step.group, type: "GROUP", edge: t("edge.claimed") };
    case "CLAIMED_PERMISSION":
      return { kind: step.permission.audience, text: step.permission.definition, edge: t("edge.claimed") };
    case "MEMBER": {
      const { type, id } = step.membership.container;
      return { kind: word("owner", type), text: id, type, edge: t("edge.member") };
    }
    case "PERMISSION":
      return { kind: step.permission.audience, text: step.permission.definition, edge: t("edge.holds") };
    case "AUTHORIZATION":
      return {
        kind: word("owner", "AUTHORIZATION"),
        text: authorizationText(step.authorization),
        edge: t("edge.owns"),
      };
  }
}

/** Diagram of the path; an ordered list for screen readers. The last edge is missing unless `whole` is set. */
function Graph({ nodes, end, whole }: { nodes: Node[]; end: Node; whole?: boolean }) {
  const all = [...nodes, { ...end, edge: t(whole ? "edge.so" : "edge.missing") }];
  return (
    <ol className="graph" aria-label={t("why.path")}>
      {all.map(({ kind, text, type, edge }, index) => (
        <li key={index}>
          {index > 0 && <span className={!whole && index === all.length - 1 ? "edge missing" : "edge"}>{edge}</span>}
          <span className={index === all.length - 1 ? "node end" : "node"}>
            <small>{kind}</small>
            <strong>{type ? <Name type={type} id={text} /> : text}</strong>
          </span>
        </li>
      ))}
    </ol>
  );
}

function Help({ miss, principal, onChanged }: { miss: NearMiss; principal?: Party; onChanged?: () => void }) {
  const session = useSession();
  const say = useToast();
  const [asking, setAsking] = useState(false);
  const how = session.mayWrite && principal ? cure(session, principal, miss) : undefined;
  const label = useLabels([...partiesOf(miss.remedy), ...(miss.through ? [miss.through.owner] : [])]);
  const text = inWords(miss.remedy, label);
  const again = () => {
    changed([]);
    onChanged?.();
  };
  return (
    <>
      <p>
        {text}{" "}
        {miss.through && (
          <span className="hint">
            {t("why.through", {
              owner: `${word("owner", miss.through.owner.type)} ${label(miss.through.owner.type, miss.through.owner.id)}`,
              what: authorizationText(miss.through),
            })}
          </span>
        )}
      </p>
      {how && principal && (
        <Button size="sm" kind="tertiary" aria-label={`${t("why.do")}: ${text}`} onClick={() => setAsking(true)}>
          {t("why.do")}
        </Button>
      )}
      {asking && how && principal && (
        <GrantDialog
          heading={t("why.do_heading")}
          text={text}
          reach={async () => (how.change ? reach(session, await how.change(), principal) : undefined)}
          onConfirm={() =>
            how.run().then(() => {
              const { undo } = how;
              say({ title: t("why.done"), undo: undo && (() => undo().then(again)) });
              again();
            })
          }
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

/** Entities that the description of a remedy names. */
function partiesOf(remedy: Remedy): { type: string; id: string }[] {
  switch (remedy.remedy) {
    case "ADD_MEMBER":
      return [remedy.membership.member, remedy.membership.container];
    case "EXTEND_ROLE":
      return [{ type: "ROLE", id: remedy.role }];
    case "CREATE_AUTHORIZATION":
      return [remedy.owner];
    case "JOIN_TENANT":
      return [{ type: "TENANT", id: remedy.tenant }];
    case "MATCH_RULE":
      return [{ type: "MAPPING_RULE", id: remedy.rule }];
    default:
      return [];
  }
}

function inWords(remedy: Remedy, label: (type: string, id: string) => string): string {
  const party = ({ type, id }: Pick<Party, "id"> & { type: string }) => `${word("owner", type)} ${label(type, id)}`;
  switch (remedy.remedy) {
    case "ADD_MEMBER":
      return t("remedy.ADD_MEMBER", {
        member: party(remedy.membership.member),
        container: party(remedy.membership.container),
      });
    case "EXTEND_ROLE":
      return t("remedy.EXTEND_ROLE", {
        role: label("ROLE", remedy.role),
        permission: remedy.permission.definition,
        api: remedy.permission.audience,
      });
    case "CREATE_ROLE":
      return t("remedy.CREATE_ROLE", { permission: remedy.permission, api: remedy.audience });
    case "CREATE_AUTHORIZATION":
      return t("remedy.CREATE_AUTHORIZATION", {
        owner: party(remedy.owner),
        type: remedy.resource_type,
        scope: scopeText(remedy.scope),
        permission: remedy.permissions[0] ?? "",
      });
    case "EXTEND_AUTHORIZATION":
      return t("remedy.EXTEND_AUTHORIZATION", { permission: remedy.permission });
    case "REACTIVATE":
      return t("remedy.REACTIVATE", { user: remedy.user });
    case "JOIN_TENANT":
      return t("remedy.JOIN_TENANT", { tenant: label("TENANT", remedy.tenant) });
    case "MATCH_RULE":
      return t("remedy.MATCH_RULE", {
        rule: label("MAPPING_RULE", remedy.rule),
        claim: remedy.claim,
        value: remedy.value,
        why: word("mismatch", remedy.mismatch),
      });
    case "SPEAK_FOR":
      return t("remedy.SPEAK_FOR", { claim: remedy.claim, known: party(remedy.principal) });
    case "RESPELL":
      return t("remedy.RESPELL", { known: party(remedy.known) });
    case "RESPELL_GROUP":
      return t("remedy.RESPELL_GROUP", { claimed: remedy.claimed, known: remedy.known });
    case "REDIRECT":
      return t("remedy.REDIRECT");
    case "NAME_IN_PROPERTY":
      return t("remedy.NAME_IN_PROPERTY", { property: remedy.property });
    case "SATISFY_CONDITION":
      return t("remedy.SATISFY_CONDITION", { what: list(remedy.failing.map(comparisonInWords)) });
  }
}

/** Mapping rules, groups, roles and tenants of a subject, and where they are known from. */
export function Subject({ mappingRules, groups, roles, tenants, basis, basisAt }: Schemas["SubjectView"]) {
  const parts = [
    ["MAPPING_RULE", t("rules.title"), mappingRules],
    ["GROUP", t("groups.title"), groups],
    ["ROLE", t("roles.title"), roles],
    ["TENANT", t("tenants.title"), tenants],
  ] as const;
  const source = basis && word("basis", basis);
  if (!source && parts.every(([, , ids]) => ids.length === 0)) return <p className="hint">{t("why.is_nothing")}</p>;
  return (
    <dl className="facts">
      {source && (
        <div className="fact">
          <dt>{t("basis.title")}</dt>
          <dd>{basisAt ? `${source}, ${ago(basisAt)} (${time(basisAt)})` : source}</dd>
        </div>
      )}
      {parts
        .filter(([, , ids]) => ids.length > 0)
        .map(([type, title, ids]) => (
          <div key={title} className="fact">
            <dt>{title}</dt>
            <dd>
              <Chips texts={[...ids]} show={(id) => <Name type={type} id={id} />} />
            </dd>
          </div>
        ))}
    </dl>
  );
}
