// What is still pending at the bank, above the expenses.

import { clone, fill, reconcile } from "./dom.js";
import { accountOf } from "./expenses.js";
import { format, isNegative, negate } from "./money.js";
import { setDay } from "./time.js";

// Plaid counts money out as positive; a pending row is shown as its holder sees it: what leaves is an amount, what
// comes in has a plus.
function drawPending(row, transaction) {
  const incoming = isNegative(transaction.amount);
  const amount = incoming ? negate(transaction.amount) : transaction.amount;
  const text = format(amount, transaction.currency, transaction.unofficial_currency);
  fill(row, {
    vendor: transaction.merchant_name ?? transaction.name,
    account: accountOf(transaction),
    amount: incoming ? `+${text}` : text,
  });
  row.classList.toggle("credit", incoming);
  setDay(row.querySelector("time"), transaction.date);
}

export function drawPendingRows(list, transactions) {
  reconcile(list, transactions, { key: (one) => one.id, create: () => clone("pending-row"), update: drawPending });
}
