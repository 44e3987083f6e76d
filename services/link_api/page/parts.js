// The parts of the page that show data, each with its section: what it reads, and how it draws it.

import { drawBanks } from "./banks.js";
import { Connections } from "./connections.js";
import { byId, whileBusy } from "./dom.js";
import { ExpenseList, drawExpenses, drawPendingRows } from "./expenses.js";
import { Panel } from "./panel.js";
import { drawSpending, spanOf } from "./spending.js";

const FOLDED_ROWS = 3; // as expenses.css shows of a folded list

export function createBanks(api, actions) {
  const connections = new Connections();
  const draw = () => {
    const banks = connections.banks();
    drawBanks(byId("bank-list"), banks, actions);
    return banks.length > 0;
  };
  const panel = new Panel(byId("banks"), {
    read: () => Promise.all([api.integrations(), api.accounts()]),
    draw: ([integrations, accounts]) => {
      connections.replace(integrations, accounts);
      return draw();
    },
  });
  return { connections, draw, refresh: panel.refresh };
}

export function createExpenses(api) {
  const list = new ExpenseList(api.expenses);
  let shown = null;
  const panel = new Panel(byId("expenses"), {
    read: () => list.load(),
    draw: ({ items, hasMore }) => {
      drawExpenses(byId("expense-rows"), items, { lightUp: shown === list.wanted });
      shown = list.wanted;
      byId("more-expenses").hidden = !hasMore;
      return items.length > 0;
    },
  });
  byId("more-expenses").addEventListener("click", ({ currentTarget }) => {
    list.more();
    whileBusy(currentTarget, panel.refresh);
  });
  return panel;
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
