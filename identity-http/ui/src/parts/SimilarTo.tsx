/** Hint that an ID looks like others. */

import { list, t } from "../lib/i18n";

/** Maximum number of other IDs shown. */
const MOST = 3;

export const SimilarTo = ({ ids }: { ids: string[] | undefined }) =>
  ids && ids.length > 0 ? (
    <p className="hint similar">{t("list.similar_to", { ids: list([...new Set(ids)].slice(0, MOST)) })}</p>
  ) : null;
