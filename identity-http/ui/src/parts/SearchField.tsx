import { Search } from "@carbon/react";
import { useEffect, useState } from "react";

import { t } from "../lib/i18n";

/** Search field that searches 250 ms after the last input. */
export function SearchField({
  label,
  value,
  onSearch,
}: {
  label: string;
  value: string;
  onSearch: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const pause = setTimeout(() => onSearch(text), 250);
    return () => clearTimeout(pause);
  }, [text]);
  return (
    <Search
      size="lg"
      labelText={label}
      placeholder={label}
      closeButtonLabelText={t("list.clear")}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
