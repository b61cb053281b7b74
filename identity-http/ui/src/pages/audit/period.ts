/** Periods of the audit log, in days of the reader's time zone. */

export const PERIODS = ["today", "yesterday", "week", "custom"] as const;
export type Period = (typeof PERIODS)[number];

/** Start of the day that is `days` after that of a time. */
function startOfDay(time: Date, days: number): Date {
  const start = new Date(time);
  start.setHours(0, 0, 0, 0);
  start.setDate(start.getDate() + days);
  return start;
}

/** Start of the day that is `days` after a date of the form `2026-01-31`. `undefined` if the date is not valid. */
function startOf(date: string, days: number): string | undefined {
  const day = new Date(`${date}T00:00:00`);
  return Number.isNaN(day.getTime()) ? undefined : startOfDay(day, days).toISOString();
}

/**
 * Returns the times from which and before which entries belong to a period. `from` and `to` are the first and the last
 * date of a custom period; an empty or invalid date does not restrict it.
 */
export function timesOf(period: string, dates: { from: string; to: string }, now = new Date()) {
  const day = (days: number) => startOfDay(now, days).toISOString();
  switch (period) {
    case "today":
      return { from: day(0), to: undefined };
    case "yesterday":
      return { from: day(-1), to: day(0) };
    case "week":
      return { from: day(-6), to: undefined };
    default:
      return { from: startOf(dates.from, 0), to: startOf(dates.to, 1) };
  }
}
