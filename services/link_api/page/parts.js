// The parts of the page that show data, each with its section: what it reads, and how it draws it.

import { drawBanks, isImporting } from "./banks.js";
import { Connections } from "./connections.js";
import { byId, fill, whileBusy } from "./dom.js";
import { ExpenseList, drawExpenses } from "./expenses.js";
import { isFiltered, offerAccounts, readFilters, watchFilters } from "./filters.js";
import { drawMonths } from "./months.js";
import { Panel } from "./panel.js";
import { drawPendingRows } from "./pending.js";
import { drawSpending, spanOf } from "./spending.js";
import { daysAgo, monthsAgo } from "./time.js";

const FOLDED_ROWS = 3; // as pending.css shows of a folded list
const MONTHS = 12;
const NO_EXPENSES = "No expenses yet. They appear here by themselves as transactions come in from your bank.";
const NO_MATCH = "No expense matches these filters.";

export function createBanks(api, actions) {
  const connections = new Connections();
  const draw = () => {
    const banks = connections.banks();
    drawBanks(byId("bank-list"), banks, actions);
    byId("review").toggleAttribute("data-importing", banks.some(isImporting));
    return banks.length > 0;
  };
  const panel = new Panel(byId("banks"), {
    read: () => Promise.all([api.integrations(), api.accounts()]),
    draw: ([integrations, accounts]) => {
      connections.replace(integrations, accounts);
      offerAccounts(accounts);
      return draw();
    },
  });
  return { connections, draw, refresh: panel.refresh };
}

// Its `show(expense)` draws an expense as it now stands, if it is in the table. For `actions` see expenses.js.
export function createExpenses(api, actions) {
  const [section, body] = [byId("expenses"), byId("expense-rows")];
  const list = new ExpenseList(api.expenses);
  let answered = null;
  const draw = (lightUp) => drawExpenses(section, body, list.items, { lightUp, actions });
  const panel = new Panel(section, {
    read: () => list.load(),
    draw: ({ items, hasMore }) => {
      list.items = items;
      draw(answered === list.question);
      answered = list.question;
      byId("more-expenses").hidden = !hasMore;
      section.toggleAttribute("data-filtered", isFiltered());
      if (!items.length) fill(section, { nothing: isFiltered() ? NO_MATCH : NO_EXPENSES });
      return items.length > 0;
    },
  });
  byId("more-expenses").addEventListener("click", ({ currentTarget }) => {
    list.more();
    whileBusy(currentTarget, panel.refresh);
  });
  watchFilters(() => {
    list.narrow(readFilters());
    panel.restart();
  });
  return { refresh: panel.refresh, show: (expense) => list.replace(expense) && draw(false) };
}

export function createPending(api) {
  const list = byId("pending-rows");
  const button = byId("all-pending");
  const fold = (folded) => {
    list.classList.toggle("folded", folded);
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = folded ? `Show all ${list.children.length}` : "Show fewer";
  };
  button.addEventListener("click", () => fold(!list.classList.contains("folded")));
  return new Panel(byId("pending"), {
    read: async () => (await api.pending()).items,
    draw: (items) => {
      drawPendingRows(list, items);
      fold(list.classList.contains("folded"));
      button.hidden = items.length <= FOLDED_ROWS;
      return items.length > 0;
    },
  });
}

export function createSpending(api) {
  const periods = byId("periods");
  const panel = new Panel(byId("spending"), {
    read: async () => (await api.spending(...spanOf(new FormData(periods).get("period")))).items,
    draw: (items) => {
      drawSpending(byId("charts"), items);
      return items.length > 0;
    },
  });
  periods.addEventListener("change", () => panel.restart());
  return panel;
}

export function createMonths(api) {
  return new Panel(byId("months"), {
    read: async () => (await api.spendingByMonth(monthsAgo(MONTHS - 1), daysAgo(0))).items,
    draw: (items) => {
      drawMonths(byId("month-charts"), items);
      return items.length > 0;
    },
  });
}
