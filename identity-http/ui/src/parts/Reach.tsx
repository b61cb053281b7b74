/** Principals that a change gives access, shown before it is made. A change that makes administrators has to be confirmed. */

import { Checkbox } from "@carbon/react";
import { keepPreviousData, skipToken, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Reach, reach } from "../api/decisions";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";

const NOTHING: Reach = { sentences: [], administers: false };

/**
 * Simulates a change while its form is filled in. `known` is what the change gives without a simulation; it is stated if
 * the change cannot be simulated. `isOpen` means that the form cannot be submitted yet.
 */
export function useReach(changes: object[] | undefined, known: Reach = NOTHING) {
  const session = useSession();
  const [confirmed, setConfirmed] = useState("");
  const key = JSON.stringify([changes, known]);
  const isSimulated = changes !== undefined && session.has("decisions") && session.has("memberships");
  const { data, isFetching, error } = useQuery({
    queryKey: ["consequences", { reach: changes }],
    queryFn: isSimulated ? () => reach(session, changes) : skipToken,
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const stated = isSimulated && !error ? data : known;
  const administers = known.administers || stated?.administers === true;
  const isConfirmed = confirmed === key;
  return {
    reach: stated && { ...stated, administers },
    isConfirmed,
    confirm: (isOn: boolean) => setConfirmed(isOn ? key : ""),
    isOpen: isFetching || (administers && !isConfirmed),
  };
}

interface Props {
  reach: Reach | undefined;
  isConfirmed: boolean;
  confirm: (isOn: boolean) => void;
}

export const ReachNotice = ({ reach, isConfirmed, confirm }: Props) => (
  <div aria-live="polite" className="reach">
    {reach && reach.sentences.length > 0 && (
      <ul className="consequences">
        {reach.sentences.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    )}
    {reach?.administers && (
      <Checkbox
        id="field-administers"
        labelText={t("reach.confirm")}
        checked={isConfirmed}
        onChange={(_, { checked }) => confirm(checked)}
      />
    )}
  </div>
);
