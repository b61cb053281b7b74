import { t } from "../lib/i18n";

/** Short texts as tags. Shows the first `most` and the number of the remaining ones. */
export const Chips = ({ texts, most = texts.length }: { texts: string[]; most?: number }) => (
  <ul className="tags">
    {texts.slice(0, most).map((text) => (
      <li key={text} className="chip">
        {text}
      </li>
    ))}
    {texts.length > most && <li>{t("list.more", { count: texts.length - most })}</li>}
  </ul>
);
