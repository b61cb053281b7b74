import type { ReactNode } from "react";

import { t } from "../lib/i18n";

interface Props {
  texts: string[];
  /** Number of texts that are shown. */
  most?: number;
  show?: (text: string) => ReactNode;
}

/** Short texts as tags. Shows the first `most` and the number of the remaining ones. */
export const Chips = ({ texts, most = texts.length, show = (text) => text }: Props) => (
  <ul className="tags">
    {texts.slice(0, most).map((text) => (
      <li key={text} className="chip">
        {show(text)}
      </li>
    ))}
    {texts.length > most && <li>{t("list.more", { count: texts.length - most })}</li>}
  </ul>
);
