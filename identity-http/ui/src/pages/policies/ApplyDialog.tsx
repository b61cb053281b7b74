/** Applies a plan that was reviewed. One that widens access or ends an administrator has to be confirmed. */

import { Button, Checkbox } from "@carbon/react";
import { useState } from "react";

import { api, ask } from "../../api/client";
import type { Problem } from "../../api/problem";
import { changed } from "../../api/queries";
import { useToast } from "../../app/toasts";
import { list, t } from "../../lib/i18n";
import { FormDialog } from "../../parts/Dialog";
import { TextField } from "../../parts/fields";
import { Faults } from "./Faults";
import { type DocumentFault, effectsOf, isWider, type Plan, type PlanRequest } from "./plan";

/** Maximum number of names in a sentence. */
const NAMED = 10;

interface Props {
  plan: Plan;
  request: PlanRequest;
  /** Faults of the document in a problem. */
  faultsOf: (problem: Problem) => DocumentFault[];
  /** Makes a new plan. */
  onOutdated: () => void;
  onApplied: () => void;
  onClose: () => void;
}

export function ApplyDialog({ plan, request, faultsOf, onOutdated, onApplied, onClose }: Props) {
  const say = useToast();
  const [source, setSource] = useState("");
  const [confirmed, setConfirmed] = useState(false);
  const wider = isWider(plan);
  const count = plan.changes.length + plan.moreChanges;
  const apply = async () => {
    const body = { ...request, plan: plan.plan, source: source.trim() || undefined };
    await ask(api.POST("/api/policies/apply", { body: body as never }));
    say({ title: t("policies.applied", { name: request.name, count }) });
    onApplied();
    changed([]);
  };
  return (
    <FormDialog
      heading={t("policies.apply_heading", { name: request.name })}
      submit={t("policies.apply")}
      danger={wider}
      disabled={wider && !confirmed}
      onSubmit={apply}
      onClose={onClose}
    >
      {(problem) => {
        // Asking for the faults of the document marks them as shown.
        const faults = problem?.about("document") === undefined ? [] : faultsOf(problem);
        return (
          <>
            {faults.length > 0 && <Faults faults={faults} />}
            {problem?.reason === "outdated" && (
              <Button kind="tertiary" size="sm" onClick={onOutdated}>
                {t("policies.plan_again")}
              </Button>
            )}
            <ul className="consequences">
              {sentences(plan).map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
            <TextField
              name="source"
              labelText={t("policies.source_field")}
              helperText={t("policies.source_help")}
              value={source}
              onValue={setSource}
              problem={problem}
              maxLength={256}
            />
            {wider && (
              <Checkbox
                id="field-confirmed"
                labelText={t("policies.confirm")}
                checked={confirmed}
                onChange={(_, { checked }) => setConfirmed(checked)}
              />
            )}
          </>
        );
      }}
    </FormDialog>
  );
}

/** What the plan does, in sentences. */
function sentences({ changes, moreChanges, revision, effect }: Plan): string[] {
  const said = [t("policies.changes", { count: changes.length + moreChanges, revision })];
  if (!effect) return said;
  const effects = effectsOf(effect);
  const named = (ids: string[]) => {
    const more = ids.length - NAMED;
    return list(more > 0 ? [...ids.slice(0, NAMED), t("lose.named.more", { count: more })] : ids);
  };
  const gaining = effects.filter(({ gained }) => gained.length > 0).map(({ id }) => id);
  const losing = effects.filter(({ lost }) => lost.length > 0).map(({ id }) => id);
  const { gained, lost } = effect.administrators;
  if (gaining.length > 0) said.push(t("reach.named", { who: named(gaining) }));
  if (losing.length > 0) said.push(t("policies.losing", { who: named(losing) }));
  if (gained.length > 0) said.push(t("reach.administrators", { who: named(gained.map(({ partyId }) => partyId)) }));
  if (lost.length > 0) {
    const who = named((lost as unknown as { id: string }[]).map(({ id }) => id));
    said.push(t("policies.losing_administration", { who }));
  }
  return said;
}
