/** Warning that a permission leads to administration, with the steps. */

import { InlineNotification } from "@carbon/react";

import { type Administration, inWords } from "../api/administration";
import { t, word } from "../lib/i18n";

export const AdministrationNotice = ({ way }: { way: Administration }) => (
  <InlineNotification
    kind="warning"
    statusIconDescription={word("notice", "warning")}
    lowContrast
    hideCloseButton
    role="status"
    title={t("admin.title")}
    subtitle={inWords(way)}
  />
);
