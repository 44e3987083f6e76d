// The panes that hold more than text: what they show, and which of the user's choices they report.

import { clone, initial, paint, show, warn } from "./stage.js";

const matches = (institution, words) => words.every((word) => institution.name.toLowerCase().includes(word));

const counted = (count) => (count === 1 ? "1 bank" : `${count} banks`);

function institutionRow(institution, choose) {
  const hint = institution.oauth ? "Opens the bank's own page" : "User name and password";
  const row = clone("row-institution", { initial: initial(institution.name), name: institution.name, hint });
  const button = row.querySelector("button");
  button.dataset.institution = institution.institution_id;
  paint(button.querySelector(".monogram"), institution.primary_color);
  button.addEventListener("click", () => choose(institution));
  return row;
}

export function showInstitutions(institutions, { choose, searched }) {
  const pane = show("institutions", {}, { focus: "#search" });
  const field = pane.querySelector("#search");
  const slot = (name) => pane.querySelector(`[data-slot="${name}"]`);
  const list = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = institutions.filter((institution) => matches(institution, words));
    slot("institutions").replaceChildren(...found.map((institution) => institutionRow(institution, choose)));
    slot("nothing").hidden = found.length > 0;
    return found;
  };
  list();
  field.addEventListener("input", () => {
    slot("found").textContent = `${counted(list().length)} found`;
    searched(field.value);
  });
}

export function showCredentials(institution, { submit, problem, username = "" }) {
  const slots = { initial: initial(institution.name), name: institution.name };
  const pane = show("credentials", slots, { focus: problem ? "#password" : "#username" });
  paint(pane.querySelector(".monogram"), institution.primary_color);
  const form = pane.querySelector("form");
  const { username: user, password } = form.elements;
  user.value = username;
  warn(pane, problem);
  for (const button of form.querySelectorAll("[data-user]")) {
    button.addEventListener("click", () => {
      user.value = button.dataset.user;
      password.value = "pass_good";
      form.querySelector('[type="submit"]').focus();
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (user.value.trim() && password.value) submit(user.value.trim(), password.value);
    else warn(pane, "Enter your user name and your password.");
  });
}

export function showAccounts(accounts, { clientName, institution, submit }) {
  const pane = show("accounts", { client_name: clientName, name: institution.name });
  const rows = accounts.map((account) => {
    const kind = account.subtype ?? account.type;
    const row = clone("row-account", { name: account.name, hint: account.mask ? `${kind} •••• ${account.mask}` : kind });
    row.querySelector("input").value = account.id;
    return row;
  });
  pane.querySelector('[data-slot="accounts"]').replaceChildren(...rows);
  const chosen = () => [...pane.querySelectorAll("input:checked")].map((box) => box.value);
  const button = pane.querySelector('[type="submit"]');
  pane.addEventListener("change", () => {
    button.disabled = chosen().length === 0;
  });
  pane.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(chosen());
  });
}

export function showOAuth(institution, { text, go }) {
  const slots = { initial: initial(institution.name), name: institution.name, text };
  const pane = show("oauth", slots, { actions: { continue: go } });
  paint(pane.querySelector(".monogram"), institution.primary_color);
  return pane;
}
