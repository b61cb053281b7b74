/** Dialog to select entities by search, or by ID if they cannot be searched. */

import { Checkbox, InlineLoading, Search, TextInput } from "@carbon/react";
import { useEffect, useState } from "react";

import { type Find, useChoices } from "../api/choices";
import { problemOf } from "../api/problem";
import { t } from "../lib/i18n";
import { FormDialog } from "./Dialog";
import { ProblemNotice } from "./ProblemNotice";
import { ReachNotice, useReach } from "./Reach";
import type { WrittenForm } from "./WrittenChange";

interface Props {
  heading: string;
  submit: string;
  search: string;
  find?: Find;
  /** Label of the field for an ID; absent to show no such field. */
  typed?: string;
  /** IDs of existing members, which are shown as checked and disabled. */
  taken: ReadonlySet<string>;
  /** The change, as the simulation takes it; absent if it cannot be simulated. */
  changes?: (ids: string[]) => object[];
  shownAs: readonly WrittenForm[];
  onPick: (ids: string[]) => Promise<unknown>;
  onClose: () => void;
}

export function PickDialog({ heading, submit, search, find, typed, taken, changes, shownAs, onPick, onClose }: Props) {
  const [text, setText] = useState("");
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [id, setId] = useState("");
  useEffect(() => {
    const pause = setTimeout(() => setSought(text), 250);
    return () => clearTimeout(pause);
  }, [text]);
  const found = useChoices(find, sought);
  const { data, refetch } = found;
  const problem = problemOf(found);
  const ids = [...chosen, ...(id.trim() ? [id.trim()] : [])];
  const gained = useReach(ids.length > 0 ? changes?.(ids) : undefined);
  const toggle = (id: string, on: boolean) =>
    setChosen((before) => {
      const after = new Set(before);
      if (on) after.add(id);
      else after.delete(id);
      return after;
    });
  return (
    <FormDialog
      heading={heading}
      submit={submit}
      disabled={ids.length === 0 || gained.isOpen}
      shownAs={shownAs}
      onSubmit={() => onPick(ids)}
      onClose={onClose}
    >
      {() => (
        <>
          {find && (
            <>
              <Search
                size="lg"
                labelText={search}
                placeholder={search}
                closeButtonLabelText={t("list.clear")}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
              {problem && <ProblemNotice problem={problem} onRetry={refetch} />}
              <fieldset className="choices" aria-busy={!data}>
                <legend className="unseen">{search}</legend>
                {!data && !problem && <InlineLoading description={t("loading")} />}
                {data?.length === 0 && <p className="hint">{t("pick.nothing")}</p>}
                {data?.map(({ id, title, detail }) => (
                  <Checkbox
                    key={id}
                    id={`pick-${id}`}
                    labelText={
                      <>
                        {title} {detail && <small>({detail})</small>}
                      </>
                    }
                    checked={taken.has(id) || chosen.has(id)}
                    disabled={taken.has(id)}
                    onChange={(_, { checked }) => toggle(id, checked)}
                  />
                ))}
              </fieldset>
              {[...chosen].some((id) => !data?.some((choice) => choice.id === id)) && (
                <p className="hint">{t("pick.chosen", { ids: [...chosen].join(", ") })}</p>
              )}
            </>
          )}
          {typed && (
            <TextInput
              id="pick-typed"
              labelText={typed}
              value={id}
              autoComplete="off"
              onChange={(event) => setId(event.target.value)}
            />
          )}
          <ReachNotice {...gained} />
        </>
      )}
    </FormDialog>
  );
}
