// The signed-in page: joins the API, the event stream, Link and the parts that show.

import { createApi } from "./api.js";
import { drawBanks } from "./banks.js";
import { confirmDisconnect } from "./confirm.js";
import { ASKED_MS, Connections } from "./connections.js";
import { byId, coalesce, onAction, whileBusy } from "./dom.js";
import { ExpenseList, drawExpenses, drawPendingRows } from "./expenses.js";
import { createLinking } from "./linking.js";
import { stayLive } from "./live.js";
import { announce, complain, tell } from "./notices.js";
import { Panel } from "./panel.js";
import { drawSpending, spanOf } from "./spending.js";

const SETTLE_MS = 400;
const REDRAW_MS = 30_000; // "2 minutes ago" grows old

const STAGE_NEWS = [null, "the last 30 days are imported", "the full history is imported"];

function createBanks(api, actions) {
  const connections = new Connections();
  const list = byId("bank-list");
  const draw = () => {
    const banks = connections.banks();
    drawBanks(list, banks, actions);
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

function createExpenses(api) {
  const list = new ExpenseList(api.expenses);
  let known = null;
  const panel = new Panel(byId("expenses"), {
    read: () => list.load(),
    draw: ({ items, hasMore }) => {
      drawExpenses(byId("expense-rows"), items, { lightUp: known !== null && known === list.wanted });
      known = list.wanted;
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

function createPending(api) {
  return new Panel(byId("pending"), {
    read: async () => (await api.pending()).items,
    draw: (items) => {
      drawPendingRows(byId("pending-rows"), items);
      return items.length > 0;
    },
  });
}

function createSpending(api) {
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

function bankActions(api, banks, linking) {
  return {
    repair: (bank) => (bank.action_required === "reconnect" ? linking().repair(bank.id) : linking().connect()),
    sync: async ({ id }) => {
      banks().connections.ask(id);
      banks().draw();
      try {
        await api.sync(id);
        setTimeout(banks().refresh, ASKED_MS);
      } catch (problem) {
        banks().connections.forgetAsking(id);
        banks().draw();
        complain(problem);
      }
    },
    disconnect: async ({ id, institution }) => {
      if (!(await confirmDisconnect(institution.name))) return;
      try {
        await api.disconnect(id);
        tell(`${institution.name} is being disconnected. The expenses that you have stay.`);
        await banks().refresh();
      } catch (problem) {
        complain(problem);
      }
    },
  };
}

function pointAt(id) {
  const card = document.querySelector(`[data-integration="${CSS.escape(id)}"]`);
  card?.scrollIntoView({ block: "center", behavior: "smooth" });
  card?.classList.add("pointed");
  setTimeout(() => card?.classList.remove("pointed"), 3_000);
}

export function openBoard(token, signedOut) {
  let close = () => undefined;
  const leave = () => {
    close();
    signedOut();
  };
  const api = createApi(token, leave);
  const actions = bankActions(api, () => banks, () => linking);
  const banks = createBanks(api, actions);
  const linking = createLinking({ api, refreshBanks: banks.refresh, pointAt });
  const panels = { expenses: createExpenses(api), pending: createPending(api), spending: createSpending(api) };

  const ask = Object.fromEntries(
    Object.entries({ banks, ...panels }).map(([name, { refresh }]) => [name, coalesce(refresh, SETTLE_MS)]),
  );
  const refreshAll = () => Object.values(ask).forEach((one) => one());

  const heard = {
    "item.status_changed": () => ask.banks(),
    "expenses.changed": () => {
      ask.expenses();
      ask.spending();
      ask.pending();
    },
    "sync.progress": (event) => {
      const bank = banks.connections.progress(event);
      banks.draw();
      if (bank && event.done) announce(`${bank.institution.name}: ${STAGE_NEWS[bank.stage] ?? "up to date"}`);
      if (!bank || event.done) {
        ask.banks();
        ask.pending();
      }
    },
    reset: refreshAll,
  };

  onAction(byId("board"), { connect: (button) => whileBusy(button, linking.connect) });
  close = stayLive(token, { heard: (type, data) => heard[type]?.(data), refreshAll, signedOut: leave });
  setInterval(banks.draw, REDRAW_MS);
  linking.begin();
  [banks, ...Object.values(panels)].forEach(({ refresh }) => refresh());
}
