// The table of expenses, newest first; a row is recategorised in place.

import { clone, fill, keepFocus, onAction, reconcile } from "./dom.js";
import { nameOfExpense } from "./decisions.js";
import { format, isNegative } from "./money.js";
import { setDay } from "./time.js";

const PAGE = 50;

export const accountOf = ({ account }) => (account.mask ? `${account.name} ••••\u00a0${account.mask}` : account.name);

function drawExpense(row, expense) {
  const refund = isNegative(expense.amount);
  const name = nameOfExpense(expense);
  row.expense = expense;
  fill(row, {
    vendor: name,
    description: name === expense.description ? null : expense.description,
    note: expense.note,
    category: expense.category.name,
    review: expense.needs_review ? "Needs review" : null,
    refund: refund ? "Refund" : null,
    account: accountOf(expense),
    amount: format(expense.amount, expense.currency, expense.unofficial_currency),
  });
  const chip = row.querySelector(".chip");
  chip.dataset.group = expense.category.group;
  chip.setAttribute("aria-label", `Category of ${name}: ${expense.category.name}. Change it`);
  row.querySelector('[data-do="explain"]').setAttribute("aria-label", `Why? ${name}`);
  row.classList.toggle("credit", refund);
  setDay(row.querySelector("time"), expense.date);
}

// Shows a choice of all categories in the chip's place until one is chosen, or the user goes elsewhere.
function chooseInPlace(row, chip, { categories, file }) {
  const select = clone("category-choice");
  const seen = row.expense;
  select.add(new Option(seen.category.name, seen.category.slug));
  categories.offer(select);
  select.value = seen.category.slug;
  select.setAttribute("aria-label", `Category of ${nameOfExpense(seen)}`);
  let isOpen = true;
  const close = ({ refocus }) => {
    if (!isOpen) return; // what leaves with the focus tells of its blur on the way
    isOpen = false;
    row.classList.remove("choosing");
    select.remove();
    if (refocus) chip.focus();
  };
  select.addEventListener("change", () => {
    close({ refocus: true });
    file(seen, select.value);
  });
  select.addEventListener("blur", () => close({ refocus: false }));
  select.addEventListener("keydown", ({ key }) => key === "Escape" && close({ refocus: true }));
  row.classList.add("choosing"); // the chip stays in the row, which may be drawn again meanwhile
  chip.after(select);
  select.focus();
  openPicker(select);
}

function openPicker(select) {
  try {
    select.showPicker();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // a press of a key that the browser does not count as one
  }
}

function createRow(actions) {
  const row = clone("expense-row");
  onAction(row, {
    choose: (chip) => chooseInPlace(row, chip, actions),
    explain: () => actions.explain(row.expense),
  });
  return row;
}

// Draws the rows; those that came since the table was last drawn light up. actions.categories offers itself to a select,
// .file(expense, slug) and .explain(expense) do what the user asks for.
export function drawExpenses(section, body, expenses, { lightUp, actions }) {
  let fresh = [];
  keepFocus(section, body, () => {
    const parts = { key: (one) => one.id, create: () => createRow(actions), update: drawExpense };
    fresh = reconcile(body, expenses, parts);
  });
  for (const row of lightUp ? fresh : []) row.classList.add("fresh");
}

// The part of the list that the user has opened so far; a refresh reads that part again.
export class ExpenseList {
  #read;
  #wanted = PAGE;
  #filters = {};
  items = [];

  constructor(read) {
    this.#read = read;
  }

  // What is asked for: two answers to the same question can be compared.
  get question() {
    return JSON.stringify([this.#filters, this.#wanted]);
  }

  more() {
    this.#wanted += PAGE;
  }

  narrow(filters) {
    this.#filters = filters;
    this.#wanted = PAGE;
  }

  // Puts an expense as it now stands in its place. Returns whether it has one here.
  replace(expense) {
    const at = this.items.findIndex(({ id }) => id === expense.id);
    if (at >= 0) this.items[at] = expense;
    return at >= 0;
  }

  async load() {
    const [filters, wanted, items] = [this.#filters, this.#wanted, []];
    let cursor = null;
    do {
      const page = await this.#read(filters, PAGE, cursor);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && items.length < wanted);
    return { items, hasMore: cursor !== null };
  }
}
