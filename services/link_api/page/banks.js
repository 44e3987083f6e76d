// The banks and their accounts, each bank a card that moves while its history loads.

import { clone, fill, onAction, reconcile, whileBusy } from "./dom.js";
import { format } from "./money.js";
import { ago, day, setAgo, until } from "./time.js";

const STAGES = ["NOT_READY", "INITIAL_UPDATE_COMPLETE", "HISTORICAL_UPDATE_COMPLETE"];
const COMPLETE = STAGES.length - 1;

const BANNERS = {
  reconnect: ["Your bank asks you to sign in again. Until then no new transactions arrive.", "Reconnect"],
  relink: ["Your bank ended this connection. Connect it again to go on; your expenses stay.", "Connect again"],
};

const count = (number) => new Intl.NumberFormat().format(number);
const many = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

const nextTry = ({ retry_at: at }) => (at ? `we try again ${until(at)}` : "our team is looking into it");

function statusOf(bank) {
  if (bank.status === "removing") return ["busy", "Disconnecting"];
  if (bank.action_required) return ["bad", "Needs your attention"];
  if (bank.paused) return ["bad", "Paused; our team is looking into it"];
  if (bank.last_error && !bank.syncing) return ["warn", `Last sync failed; ${nextTry(bank.last_error)}`];
  if (bank.stage < COMPLETE) return ["busy", "Importing"];
  if (bank.syncing || bank.asked || !bank.last_sync_at) return ["busy", "Looking for new transactions"];
  return ["good", `Up to date, synced ${ago(bank.last_sync_at)}`];
}

export const isImporting = (bank) => bank.stage < COMPLETE && bank.status === "active" && !bank.paused;

function progressOf(bank) {
  if (!bank.transactions && bank.reading) return `Reading your transactions, ${count(bank.reading)} so far`;
  if (!bank.transactions) return "Waiting for your bank's first answer";
  const stored = `${many(bank.transactions, "transaction")} imported`;
  return bank.reading ? `${stored}, reading ${count(bank.reading)} more` : `${stored}, waiting for the rest of your history`;
}

function summaryOf(bank) {
  const since = bank.history_from ? ` since ${day(bank.history_from)}` : "";
  return `${many(bank.transactions, "transaction")}${since}`;
}

function drawLogo(card, { name, logo, primary_color: color }) {
  const sign = card.querySelector(".monogram");
  const picture = sign.querySelector("img");
  sign.querySelector("span").textContent = name.trim().charAt(0).toUpperCase();
  if (color) sign.style.setProperty("--brand", color);
  picture.hidden = !logo;
  const source = logo && `data:image/png;base64,${logo}`;
  if (source && picture.src !== source) picture.src = source;
}

function drawProgress(card, bank) {
  const loading = isImporting(bank);
  const block = card.querySelector(".importing");
  block.hidden = !loading;
  if (!loading) return;
  block.querySelectorAll(".steps li").forEach((step, index) => {
    step.dataset.step = index <= bank.stage ? "done" : index === bank.stage + 1 ? "now" : "next";
  });
}

function owes(account) {
  return account.type === "credit" || account.type === "loan";
}

function balanceOf(account, money) {
  return account.current_balance ? money(account.current_balance) : "Balance unknown";
}

function balanceNote(account, money) {
  if (owes(account)) return account.credit_limit ? `owed of ${money(account.credit_limit)}` : "owed";
  const { available_balance: available, current_balance: current } = account;
  return available && available !== current ? `${money(available)} available` : null;
}

function drawAccount(row, account) {
  const money = (amount) => format(amount, account.currency, account.unofficial_currency);
  fill(row, {
    account: account.name,
    kind: account.subtype ?? account.type,
    mask: account.mask && `••••\u00a0${account.mask}`,
    balance: account.revoked_at ? "No longer shared" : balanceOf(account, money),
    note: account.revoked_at ? null : balanceNote(account, money),
  });
  const time = row.querySelector("time");
  time.parentElement.hidden = !account.balance_as_of || account.revoked_at !== null;
  if (account.balance_as_of) setAgo(time, account.balance_as_of);
  drawSwitch(row, account);
}

// What it says is what the API said last: a refused press goes back with the next drawing.
function drawSwitch(row, account) {
  const control = row.querySelector(".switch");
  const input = control.querySelector("input");
  row.account = account;
  row.classList.toggle("muted", !account.enabled);
  control.hidden = account.revoked_at !== null;
  input.checked = account.enabled;
  input.setAttribute("aria-label", `Transactions of ${account.name} become expenses`);
}

function createAccount(actions) {
  const row = clone("account-card");
  row.querySelector(".switch input").addEventListener("change", ({ target }) => actions.enable(row.account, target.checked));
  return row;
}

function drawBank(card, bank, actions) {
  const [tone, status] = statusOf(bank);
  const [banner, repair] = BANNERS[bank.action_required] ?? [null, null];
  card.dataset.tone = tone;
  card.dataset.integration = bank.id;
  card.setAttribute("aria-label", bank.institution.name);
  fill(card, {
    name: bank.institution.name,
    status,
    banner,
    repair,
    error: bank.last_error?.message,
    reference: bank.last_error?.request_id && `Reference ${bank.last_error.request_id}`,
    progress: progressOf(bank),
    summary: bank.transactions && bank.stage === COMPLETE ? summaryOf(bank) : null,
  });
  card.querySelector(".banner").hidden = !banner;
  card.querySelector(".bank-error").hidden = tone !== "warn";
  const rests = bank.syncing || bank.asked || bank.paused || bank.status !== "active";
  card.querySelector('[data-do="sync"]').ariaDisabled = String(rests); // disabled, it would lose the focus
  card.querySelector('[data-do="accounts"]').disabled = bank.status !== "active";
  card.querySelector('[data-do="disconnect"]').disabled = bank.status === "removing";
  drawLogo(card, bank.institution);
  drawProgress(card, bank);
  const list = card.querySelector(".accounts");
  reconcile(list, bank.accounts, { key: (one) => one.id, create: () => createAccount(actions), update: drawAccount });
}

function createCard(actions) {
  const card = clone("bank-card");
  const id = () => card.bank;
  onAction(card, {
    sync: () => actions.sync(id()),
    disconnect: () => actions.disconnect(id()),
    repair: (button) => whileBusy(button, () => actions.repair(id())),
    accounts: (button) => whileBusy(button, () => actions.addAccounts(id())),
  });
  return card;
}

// Draws the cards into `list`; each of the actions gets the bank or the account that the user pointed at.
export function drawBanks(list, banks, actions) {
  reconcile(list, banks, {
    key: (bank) => bank.id,
    create: () => createCard(actions),
    update: (card, bank) => {
      card.bank = bank;
      drawBank(card, bank, actions);
    },
  });
}

// How far a bank's history is; a word that we do not know promises nothing to wait for.
export function stageOf(word) {
  const stage = STAGES.indexOf(word);
  return stage < 0 ? COMPLETE : stage;
}
