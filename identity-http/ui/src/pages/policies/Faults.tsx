import { InlineNotification } from "@carbon/react";

import { t } from "../../lib/i18n";
import type { DocumentFault } from "./plan";

/** Maximum number of faults that are listed. */
const MOST = 100;

const placed = ({ file, line, column }: NonNullable<DocumentFault["place"]>) =>
  [file, line, column].filter((part) => part !== undefined).join(":");

/** Faults of a document, with their places. */
export const Faults = ({ faults }: { faults: DocumentFault[] }) => (
  <InlineNotification
    kind="error"
    lowContrast
    hideCloseButton
    role="alert"
    title={t("policies.faults", { count: faults.length })}
  >
    <ul className="faults">
      {faults.slice(0, MOST).map(({ place, pointer, text }, index) => (
        <li key={index}>
          {place && <span className="code">{placed(place)}</span>} {pointer && <span className="code">{pointer}</span>}{" "}
          {text}
        </li>
      ))}
      {faults.length > MOST && <li>{t("list.more", { count: faults.length - MOST })}</li>}
    </ul>
  </InlineNotification>
);
