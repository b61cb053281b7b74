import { type ReactNode, useState } from "react";

import { t } from "../lib/i18n";
import { Breakable } from "./Breakable";

interface Props {
  texts: string[];
  /** Number of texts that are shown at first. */
  most?: number;
  show?: (text: string) => ReactNode;
}

/** Short texts as tags. Shows the first `most` and a button that shows the remaining ones. */
export function Chips({ texts, most = 6, show = (text) => <Breakable text={text} /> }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <ul className="tags">
      {(isOpen ? texts : texts.slice(0, most)).map((text) => (
        <li key={text} className="chip">
          {show(text)}
        </li>
      ))}
      {texts.length > most && (
        <li>
          <button type="button" className="chip more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? t("list.less") : t("list.more", { count: texts.length - most })}
          </button>
        </li>
      )}
    </ul>
  );
}
