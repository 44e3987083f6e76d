// Which expenses are shown: what stands in the form, as the API takes it. The export takes the same.

import { byId, debounce, whileBusy } from "./dom.js";
import { complain } from "./notices.js";

const TYPING_MS = 300;
const KEPT_MS = 60_000; // a browser may begin to read the file late

const form = () => byId("filters");

export function readFilters() {
  const given = Object.fromEntries([...new FormData(form())].map(([name, value]) => [name, value.trim()]));
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}

export const isFiltered = () => Object.keys(readFilters()).length > 0;

export function clearFilters() {
  form().reset();
  form().dispatchEvent(new Event("change", { bubbles: true }));
}

// Calls `changed` when the filters say something else than before.
export function watchFilters(changed) {
  let known = JSON.stringify(readFilters());
  const check = () => {
    const now = JSON.stringify(readFilters());
    if (now === known) return;
    known = now;
    byId("clear-filters").hidden = !isFiltered();
    changed();
  };
  form().addEventListener("input", debounce(check, TYPING_MS));
  form().addEventListener("change", check);
  form().addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  byId("clear-filters").addEventListener("click", () => {
    clearFilters();
    byId("filter-text").focus();
  });
}

// Offers the accounts that there are, and keeps the one that is chosen.
export function offerAccounts(accounts) {
  const select = byId("filter-account");
  const options = accounts.map(({ id, name, mask }) => new Option(mask ? `${name} ••••\u00a0${mask}` : name, id));
  const said = JSON.stringify(options.map(({ value, text }) => [value, text]));
  if (select.dataset.said === said) return; // redrawn under an open list it would close
  select.dataset.said = said;
  const { value } = select;
  select.replaceChildren(select.options[0], ...options);
  select.value = [...select.options].some((one) => one.value === value) ? value : "";
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

export function offerExport(api, today) {
  const button = byId("export");
  const run = async () => {
    try {
      save(await api.exportExpenses(readFilters()), `expenses-${today()}.csv`);
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem, ["Try again", () => button.click()]);
    }
  };
  button.addEventListener("click", () => whileBusy(button, run));
}
