// Times and calendar days in the reader's language.

const STEPS = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const inFull = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", month: "short", day: "numeric" });
const anyYear = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", year: "numeric", month: "short", day: "numeric" });

export const moment = (time) => inFull.format(new Date(time));

export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 45) return "just now";
  const [unit, length] = STEPS.findLast(([, size]) => seconds >= size) ?? STEPS[0];
  return relative.format(-Math.round(seconds / length), unit);
}

// "in 5 minutes"; what is due already comes any moment.
export function until(time, now = Date.now()) {
  const seconds = (Date.parse(time) - now) / 1000;
  if (seconds < 45) return "in a moment";
  const [unit, length] = STEPS.findLast(([, size]) => seconds >= size) ?? STEPS[0];
  return relative.format(Math.round(seconds / length), unit);
}

// A calendar day has no time zone: it is the same day for everyone.
export function day(date) {
  const form = date.startsWith(String(new Date().getFullYear())) ? thisYear : anyYear;
  return form.format(new Date(`${date}T00:00:00Z`));
}

const months = {
  long: new Intl.DateTimeFormat(undefined, { timeZone: "UTC", year: "numeric", month: "long" }),
  narrow: new Intl.DateTimeFormat(undefined, { timeZone: "UTC", month: "narrow" }),
};

// A month is named 2026-11.
export const monthName = (month, form) => months[form].format(new Date(`${month}-01T00:00:00Z`));

// The first day of the month that was so many months ago.
export function monthsAgo(count) {
  const now = new Date();
  const then = new Date(Date.UTC(now.getFullYear(), now.getMonth() - count, 1));
  return then.toISOString().slice(0, 10);
}

// The reader's own calendar day, so many days ago, as YYYY-MM-DD.
export function daysAgo(days) {
  const then = new Date();
  then.setDate(then.getDate() - days);
  return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

export function setAgo(element, time) {
  element.dateTime = time;
  element.title = moment(time);
  element.textContent = ago(time);
}

export function setDay(element, date) {
  element.dateTime = date;
  element.textContent = day(date);
}
