import { CopyButton } from "@carbon/react";

import { t } from "../lib/i18n";

/** Button that copies a text. Absent where the browser has no clipboard, such as on pages over plain HTTP. */
export const Copy = ({ text }: { text: string }) =>
  navigator.clipboard && (
    <CopyButton
      align="bottom"
      feedback={t("copied")}
      iconDescription={t("copy_named", { text })}
      onClick={() => void navigator.clipboard.writeText(text)}
    />
  );

/** An ID, with a button that copies it. */
export const Id = ({ text }: { text: string }) => (
  <span className="id">
    <span className="code">{text}</span>
    <Copy text={text} />
  </span>
);
