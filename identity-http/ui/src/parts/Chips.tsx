import { useState } from "react";

import { t } from "../lib/i18n";

/** Short texts as tags. Shows the first `most` and a button that shows the remaining ones. */
export function Chips({ texts, most = 6 }: { texts: string[]; most?: number }) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? texts : texts.slice(0, most);
  return (
    <ul className="tags">
      {shown.map((text) => (
        <li key={text} className="chip">
          {text}
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
