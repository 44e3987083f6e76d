// The table of expenses, newest first, and above it what is still pending at the bank.

import { clone, fill, reconcile } from "./dom.js";
import { format, isNegative, negate } from "./money.js";
import { day } from "./time.js";

const PAGE = 50;

const percent = (confidence) =>
  new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 }).format(confidence);

const accountOf = ({ account }) => (account.mask ? `${account.name} ••••\u00a0${account.mask}` : account.name);

function setDay(row, date) {
  const time = row.querySelector("time");
  time.dateTime = date;
  time.textContent = day(date);
}

function drawExpense(row, expense) {
  const refund = isNegative(expense.amount);
  fill(row, {
    vendor: expense.vendor ?? expense.description,
    description: expense.vendor && expense.vendor !== expense.description ? expense.description : null,
    category: expense.category.name,
    review: expense.needs_review ? "Needs review" : null,
    refund: refund ? "Refund" : null,
    reason: expense.reason,
    confidence: expense.confidence === null ? null : `${percent(expense.confidence)} sure`,
    account: accountOf(expense),
    amount: format(expense.amount, expense.currency, expense.unofficial_currency),
  });
  row.querySelector(".chip").dataset.group = expense.category.group;
  row.classList.toggle("credit", refund);
  setDay(row, expense.date);
}

// Draws the rows; those that came since the table was last drawn light up.
export function drawExpenses(body, expenses, { lightUp }) {
  const fresh = reconcile(body, expenses, { key: (one) => one.id, create: () => clone("expense-row"), update: drawExpense });
  for (const row of lightUp ? fresh : []) row.classList.add("fresh");
}

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
  setDay(row, transaction.date);
}

export function drawPendingRows(list, transactions) {
  reconcile(list, transactions, { key: (one) => one.id, create: () => clone("pending-row"), update: drawPending });
}

// The part of the list that the user has opened so far; a refresh reads that part again.
export class ExpenseList {
  #read;
  wanted = PAGE;

  constructor(read) {
    this.#read = read;
  }

  more() {
    this.wanted += PAGE;
  }

  async load() {
    const items = [];
    let cursor = null;
    do {
      const page = await this.#read(PAGE, cursor);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && items.length < this.wanted);
    return { items, hasMore: cursor !== null };
  }
}
