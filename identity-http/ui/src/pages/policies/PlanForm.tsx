/** Compares policy documents with the stored policies, and applies them. */

import { Button, DismissibleTag, TextArea } from "@carbon/react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api, ask } from "../../api/client";
import { appliedDocuments } from "../../api/documents";
import { asProblem, type Problem, problemOf, sentenceOf } from "../../api/problem";
import { holdTyped, useSession } from "../../app/session";
import { t, word } from "../../lib/i18n";
import type { Fault, PolicyFile, Sources } from "../../lib/policyFiles";
import { Choice, TextField } from "../../parts/fields";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { ApplyDialog } from "./ApplyDialog";
import { Faults } from "./Faults";
import { PlanView } from "./PlanView";
import { type DocumentFault, type Plan, type PlanRequest, REMOVALS, type Removal, usersWithoutPassword } from "./plan";

/** The parser of the files is loaded when it is used. */
const policyFiles = () => import("../../lib/policyFiles");

const isFault = (read: PolicyFile | Fault): read is Fault => "code" in read;
const isFile = (read: PolicyFile | Fault): read is PolicyFile => !isFault(read);
const local = ({ code, detail = "", pointer, ...place }: Fault): DocumentFault => ({
  place,
  pointer,
  text: t(`sources.${code}`, { detail }),
});

type Planned = { faults: DocumentFault[] } | { plan: Plan; request: PlanRequest; sources: Sources };

export function PlanForm() {
  const { mayWrite } = useSession();
  const [files, setFiles] = useState<PolicyFile[]>([]);
  const [unread, setUnread] = useState<Fault[]>([]);
  const [text, setText] = useState("");
  const [removal, setRemoval] = useState<Removal>("NOTHING");
  const [name, setName] = useState("policies");
  const [applying, setApplying] = useState(false);
  const documents = useQuery(appliedDocuments);
  const planning = useMutation({ mutationFn: plan });
  const hasInput = files.length > 0 || text.trim() !== "";
  useEffect(() => (hasInput ? holdTyped() : undefined), [hasInput]);

  async function plan(): Promise<Planned> {
    const { Sources } = await policyFiles();
    const pasted = text.trim() === "" ? [] : [{ name: t("policies.pasted"), text }];
    const sources = new Sources([...files, ...pasted]);
    if (sources.faults.length > 0) return { faults: sources.faults.map(local) };
    const request = { document: sources.document, removal, name: name.trim() };
    try {
      const plan = await ask(api.POST("/api/policies/plan", { body: request as never }));
      return { plan: plan as unknown as Plan, request, sources };
    } catch (error) {
      const faults = faultsIn(asProblem(error), sources);
      if (faults.length === 0) throw error;
      return { faults };
    }
  }

  /** Applies a change of the input, for which a plan that was made before says nothing. */
  const edit = (change: () => void) => {
    change();
    planning.reset();
  };
  const add = async (chosen: readonly File[]) => {
    const { read } = await policyFiles();
    const all = await Promise.all(chosen.map(read));
    edit(() => {
      setFiles((before) => {
        // A file that is chosen again has been changed. It keeps its position.
        const byName = new Map([...before, ...all.filter(isFile)].map((file) => [file.name, file]));
        return [...byName.values()];
      });
      setUnread(all.filter(isFault));
    });
  };
  const problem = problemOf(planning);
  const planned = planning.data;
  const outcome = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [closings, setClosings] = useState(0);
  // The button that opened the dialog disappears with the plan.
  useEffect(() => {
    if (closings > 0) heading.current?.focus();
  }, [closings]);
  /** Closes the dialog of a plan that is applied or outdated. */
  const leave = () => {
    setApplying(false);
    setClosings((before) => before + 1);
    planning.reset();
  };
  useEffect(() => {
    if (planned) outcome.current?.scrollIntoView({ block: "nearest" });
  }, [planned]);
  return (
    <section aria-labelledby="plan-title" className="part">
      <h2 ref={heading} tabIndex={-1} className="group-title" id="plan-title">
        {t("policies.plan_title")}
      </h2>
      <form
        className="question"
        onSubmit={(event) => {
          event.preventDefault();
          if (hasInput && !planning.isPending) planning.mutate();
        }}
      >
        <FileChoice
          names={files.map(({ name }) => name)}
          onAdd={(chosen) => void add(chosen)}
          onRemove={(index) => edit(() => setFiles(files.filter((_, other) => other !== index)))}
        />
        <TextArea
          id="field-text"
          labelText={t("policies.text")}
          helperText={t("policies.text_help")}
          rows={6}
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => edit(() => setText(event.target.value))}
        />
        <Choice<Removal>
          name="removal"
          labelText={t("policies.removal")}
          value={removal}
          choices={REMOVALS.map((one) => [one, word("policies.removal_choice", one)] as const)}
          onValue={(removal) => edit(() => setRemoval(removal))}
          problem={problem}
        />
        <TextField
          name="name"
          labelText={t("policies.name")}
          helperText={t("policies.name_help")}
          value={name}
          onValue={(name) => edit(() => setName(name))}
          problem={problem}
          list="known-documents"
          spellCheck={false}
        />
        <datalist id="known-documents">
          {documents.data?.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <Button type="submit" disabled={!hasInput}>
          {t("policies.plan")}
        </Button>
      </form>
      <div className="panels outcome" ref={outcome}>
        {unread.length > 0 && <Faults faults={unread.map(local)} />}
        {problem && !problem.about("name") && <ProblemNotice problem={problem} onRetry={planning.mutate} />}
        {planned && "faults" in planned && <Faults faults={planned.faults} />}
        {planned && "plan" in planned && (
          <>
            <PlanView {...planned} withoutPassword={usersWithoutPassword(planned.plan, planned.sources.passwords)} />
            {mayWrite && (
              <div className="buttons">
                <Button onClick={() => setApplying(true)}>{t("policies.apply_open")}</Button>
              </div>
            )}
          </>
        )}
      </div>
      {applying && planned && "plan" in planned && (
        <ApplyDialog
          {...planned}
          faultsOf={(problem) => faultsIn(problem, planned.sources)}
          onOutdated={() => {
            leave();
            planning.mutate();
          }}
          onApplied={leave}
          onClose={() => setApplying(false)}
        />
      )}
    </section>
  );
}

/** Faults of the document in a problem. */
const faultsIn = ({ findings }: Problem, sources: Sources): DocumentFault[] =>
  findings
    .filter(({ pointer }) => `${pointer}/`.startsWith("/document/"))
    .map((finding) => {
      const pointer = finding.pointer.slice("/document".length);
      return { place: sources.placeOf(pointer), pointer, text: sentenceOf(finding) };
    });

interface FileChoiceProps {
  names: string[];
  onAdd: (files: File[]) => void;
  onRemove: (index: number) => void;
}

/** Files that are chosen or dropped. */
function FileChoice({ names, onAdd, onRemove }: FileChoiceProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  return (
    <div
      role="group"
      aria-label={t("policies.files")}
      className={isOver ? "files over" : "files"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        onAdd([...event.dataTransfer.files]);
      }}
    >
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept=".yaml,.yml,.json"
        onChange={(event) => {
          onAdd([...(event.target.files ?? [])]);
          // The same file can be chosen again.
          event.target.value = "";
        }}
      />
      <Button kind="tertiary" size="md" onClick={() => input.current?.click()}>
        {t("policies.choose_files")}
      </Button>
      <p className="hint">{t("policies.files_help")}</p>
      {names.length > 0 && (
        <div className="tags">
          {names.map((name, index) => (
            <DismissibleTag
              key={name}
              type="blue"
              text={name}
              title={t("members.remove", { name })}
              dismissTooltipLabel={t("members.remove", { name })}
              onClose={() => onRemove(index)}
            />
          ))}
        </div>
      )}
    </div>
  );
}
