// What the bank told of one transaction before, as sentences: what changed, and when we heard of it.

import { format } from "./money.js";
import { day, moment } from "./time.js";

const plain = (code) => code && code.replaceAll("_", " ").toLowerCase();

const SAID = [
  ["amount", (row) => format(row.amount, row.currency, row.unofficial_currency)],
  ["text", (row) => row.original_description ?? row.name],
  ["merchant", (row) => row.merchant_name],
  ["booking day", (row) => day(row.posted_date)],
  ["day of payment", (row) => row.authorized_date && day(row.authorized_date)],
  ["Plaid's category", (row) => plain(row.plaid_category.detailed)],
  ["Plaid's confidence", (row) => plain(row.plaid_category.confidence_level)],
];

function standing(before, after) {
  if (before.removed !== after.removed) return after.removed ? ["the bank took it back"] : ["the bank told it again"];
  if (before.pending !== after.pending) return [after.pending ? "it became pending" : "it was booked"];
  return [];
}

function changes(before, after) {
  const told = SAID.map(([what, say]) => [what, say(before) ?? "nothing", say(after) ?? "nothing"])
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${what} was ${was}, became ${is}`);
  return [...standing(before, after), ...told];
}

// Changes newest first, as { key, text }; one of which nothing shows (a place, a payment's number) is left out.
export function changesOf(row, earlier) {
  const rows = [row, ...earlier];
  return earlier
    .map((before, at) => ({ key: before.version, when: rows[at].changed_at, told: changes(before, rows[at]) }))
    .filter(({ told }) => told.length > 0)
    .map(({ key, when, told }) => ({ key, text: `${moment(when)}: ${told.join("; ")}.` }));
}
