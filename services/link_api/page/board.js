// The signed-in page: joins the API, the event stream, Link and the parts that show.

import { createApi } from "./api.js";
import { stageOf } from "./banks.js";
import { confirmDisconnect } from "./confirm.js";
import { ASKED_MS } from "./connections.js";
import { byId, coalesce, onAction, whileBusy } from "./dom.js";
import { createLinking } from "./linking.js";
import { stayLive } from "./live.js";
import { createMoney } from "./bookkeeping.js";
import { announce, complain, tell } from "./notices.js";
import { Notifications } from "./notifications.js";
import { createBanks } from "./parts.js";
import { Rating } from "./rating.js";

const SETTLE_MS = 400;
const REDRAW_MS = 30_000; // "2 minutes ago" grows old

// Ask the server, and tell the user if it refuses. Returns whether it agreed.
async function attempt(request) {
  try {
    await request();
    return true;
  } catch (problem) {
    if (!problem.body) throw problem;
    complain(problem);
    return false;
  }
}

async function syncNow(api, banks, id) {
  banks.connections.ask(id);
  banks.draw();
  if (await attempt(() => api.sync(id))) setTimeout(banks.refresh, ASKED_MS);
  else {
    banks.connections.forgetAsking(id);
    banks.draw();
  }
}

async function disconnect(api, banks, { id, institution }) {
  if (!(await confirmDisconnect(institution.name))) return;
  if (!(await attempt(() => api.disconnect(id)))) return;
  tell(`${institution.name} is being disconnected. The expenses that you have stay.`);
  await banks.refresh();
}

function pointAt(id) {
  const card = document.querySelector(`[data-integration="${CSS.escape(id)}"]`);
  card?.scrollIntoView({ block: "center", behavior: "smooth" });
  card?.classList.add("pointed");
  setTimeout(() => card?.classList.remove("pointed"), 3_000);
}

async function enable(api, banks, account, enabled) {
  if (await attempt(() => api.enableAccount(account.id, enabled))) {
    tell(`${account.name} ${enabled ? "becomes expenses again" : "becomes no expenses; its transactions are still kept"}.`);
  }
  await banks.refresh();
}

const askAll = (asks) => () => asks.forEach((ask) => ask());
const calmly = ({ refresh }) => coalesce(refresh, SETTLE_MS);

// What each kind of event asks for: events are hints, the API is asked for what they name, a few times a second at most.
function createEars(banks, { notifications, rating, rules }, money) {
  const askBanks = calmly(banks);
  const askPending = calmly(money.pending);
  const others = Object.values(money).filter((panel) => panel !== money.pending);
  const refreshMoney = askAll([askPending, ...others.map(calmly)]);
  const refreshStanding = askAll([askBanks, calmly(notifications), calmly(rating)]);
  const refreshRules = calmly(rules);
  const refreshAll = askAll([refreshStanding, refreshMoney, refreshRules]);
  const progress = (event) => {
    const bank = banks.connections.progress(event);
    banks.draw();
    if (bank && !event.done) return;
    const stays = bank && stageOf(event.stage) === bank.stage; // else a notification says what is reached
    if (stays) announce(`${bank.institution.name}: up to date`);
    askBanks();
    askPending();
  };
  const kinds = {
    "item.status_changed": refreshStanding,
    "user.notified": refreshStanding,
    "expenses.changed": refreshMoney,
    "rules.changed": refreshRules,
    "sync.progress": progress,
    reset: refreshAll,
  };
  return { heard: (type, data) => kinds[type]?.(data), refreshAll, refreshMoney };
}

function createConnections(api) {
  const banks = createBanks(api, {
    sync: ({ id }) => syncNow(api, banks, id),
    disconnect: (bank) => disconnect(api, banks, bank),
    repair: (bank) => (bank.action_required === "reconnect" ? linking.repair(bank.id) : linking.connect()),
    addAccounts: ({ id }) => linking.addAccounts(id),
    enable: (account, enabled) => enable(api, banks, account, enabled),
  });
  const linking = createLinking({ api, refreshBanks: banks.refresh, pointAt });
  const { connect, repair, addAccounts } = linking;
  const notifications = new Notifications(api, { reconnect: repair, relink: connect, add_accounts: addAccounts });
  return { banks, linking, notifications, rating: new Rating(api) };
}

export function openBoard(token, signedOut) {
  let close = () => undefined;
  const leave = () => {
    close();
    signedOut();
  };
  const waiting = (seconds) => tell(`That was a lot at once. We go on by ourselves in ${seconds} s.`);
  const api = createApi(token, { signedOut: leave, waiting });
  const { panels: money, rules } = createMoney(api, () => ears.refreshMoney());
  const { banks, linking, notifications, rating } = createConnections(api);
  const ears = createEars(banks, { notifications, rating, rules }, money);

  onAction(byId("board"), { connect: (button) => whileBusy(button, linking.connect) });
  close = stayLive(token, { ...ears, signedOut: leave });
  setInterval(() => [banks, notifications].forEach(({ draw }) => draw()), REDRAW_MS);
  linking.begin();
  [banks, notifications, rating, rules, ...Object.values(money)].forEach(({ refresh }) => refresh());
}
