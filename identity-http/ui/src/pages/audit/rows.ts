/** Formats of an export, with the names of the files. */
export const FORMATS = { csv: "CSV", jsonl: "JSON Lines" } as const;
export type Format = keyof typeof FORMATS;

const [QUOTE, LINE_FEED] = [0x22, 0x0a];

/** Counts the entries of an export that arrives in parts. A quoted cell of CSV may have several lines. */
export function entryCounter(format: Format) {
  let rows = format === "csv" ? -1 : 0;
  let quoted = false;
  return (bytes: Uint8Array) => {
    for (const byte of bytes) {
      if (byte === QUOTE && format === "csv") quoted = !quoted;
      else if (byte === LINE_FEED && !quoted) rows += 1;
    }
    return Math.max(0, rows);
  };
}

/** Name of the exported file, with the date of a time in the reader's time zone. */
export function fileName(format: Format, now = new Date()) {
  const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  return `audit-log-${parts.map((part) => String(part).padStart(2, "0")).join("-")}.${format}`;
}
