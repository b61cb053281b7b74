/** Confirmation of a change that gives access. It states which principals the change reaches. */

import type { Reach } from "../api/decisions";
import { problemOf } from "../api/problem";
import { t } from "../lib/i18n";
import { FormDialog, useConsequences } from "./Dialog";
import { ProblemNotice } from "./ProblemNotice";

interface Props {
  heading: string;
  /** The change, in a sentence. */
  text: string;
  /** Loaded when the dialog opens; `undefined` if the reach cannot be determined. */
  reach: () => Promise<Reach | undefined>;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function GrantDialog({ heading, text, reach, onConfirm, onClose }: Props) {
  const loaded = useConsequences(async () => (await reach()) ?? null);
  const { data } = loaded;
  const problem = problemOf(loaded);
  return (
    <FormDialog
      heading={heading}
      submit={t("why.do")}
      danger={data?.administers}
      disabled={loaded.isFetching}
      onSubmit={onConfirm}
      onClose={onClose}
    >
      {() => (
        <>
          <p>{text}</p>
          <div aria-live="polite">
            {problem && <ProblemNotice problem={problem} />}
            {data && data.sentences.length > 0 && (
              <ul className="consequences">
                {data.sentences.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            )}
          </div>
        </>
      )}
    </FormDialog>
  );
}
