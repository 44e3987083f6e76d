// "Why?": what was decided about one expense, how sure that is, what else it could be, and what the bank said.

import { byId, clone, fill, onAction, reconcile, showState, whileBusy } from "./dom.js";
import { nameOfExpense } from "./decisions.js";
import { accountOf } from "./expenses.js";
import { format } from "./money.js";
import { tell } from "./notices.js";
import { conditionsOf } from "./rules.js";
import { day, moment, setDay } from "./time.js";
import { changesOf } from "./versions.js";

const SURE = [
  [0.95, "We are very sure"],
  [0.8, "We are fairly sure"],
  [0.6, "We are not so sure"],
  [0, "It is a guess"],
];

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });

// How sure, in words and in numbers.
export function sureness(confidence) {
  const [, words] = SURE.find(([least]) => Number(confidence) >= least);
  return `${words} (${percent.format(confidence)}).`;
}

const moneyOf = ({ amount, currency, unofficial_currency: unofficial }) => format(amount, currency, unofficial);

// The bank's row as pairs of term and text; what the bank does not say is left out.
function bankRows(row) {
  const { plaid_category: plaid } = row;
  return [
    ["Its text", row.original_description ?? row.name],
    ["Merchant", row.merchant_name],
    ["Amount", moneyOf(row)],
    ["Paid on", row.authorized_date && day(row.authorized_date)],
    [row.pending ? "Pending since" : "Booked on", day(row.posted_date)],
    ["How", row.payment_channel],
    ["Check number", row.check_number],
    ["Plaid's category", plaid.detailed && plaid.detailed.replaceAll("_", " ").toLowerCase()],
    ["Plaid is", plaid.confidence_level && `${plaid.confidence_level.replaceAll("_", " ").toLowerCase()} confident`],
    ["First seen", moment(row.first_seen_at)],
    ["Told differently since", row.version > 1 ? `${row.version - 1} times, last ${moment(row.changed_at)}` : null],
    ["Plaid's number", row.transaction_id],
  ].filter(([, text]) => text);
}

// What the user has said about the merchant's other expenses, in a sentence.
function wordsOf({ merchant, answers }) {
  const said = answers.map(({ category, date }) => `${category.name} (${day(date)})`);
  return `What you said of ${merchant} before, newest first: ${said.join(", ")}.`;
}

const unsigned = (row) => moneyOf({ ...row, amount: row.amount.replace(/^-/, "") });
const partnerWords = (row) => `${row.vendor ?? row.description} (${unsigned(row)}, ${day(row.date)}, ${row.account.name})`;

// The other transactions that this one has to do with, in sentences.
function wordsOfPartners({ counterpart, refund_of: purchase, refunds }) {
  return [
    counterpart && `It is the other side of ${partnerWords(counterpart)}.`,
    purchase && `It gives back ${partnerWords(purchase)}.`,
    refunds.length > 0 && `Given back since: ${refunds.map(partnerWords).join("; ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function drawChanges(row, earlier) {
  const told = changesOf(row, earlier);
  byId("earlier").hidden = told.length === 0;
  const draw = (item, { text }) => (item.textContent = text);
  reconcile(byId("earlier-rows"), told, { key: ({ key }) => key, create: () => clone("bank-change"), update: draw });
}

function drawBankRow(list, row) {
  const draw = (pair, [term, text]) => fill(pair, { term, text });
  reconcile(list, bankRows(row), { key: ([term]) => term, create: () => clone("bank-fact"), update: draw });
}

export class Details {
  #api;
  #categories;
  #actions;
  #dialog = byId("details");
  #expense = null;
  #explanation = null;

  // actions.file(expense, slug) and .decide(expense, changes) answer the expense as it then is, or null.
  constructor(api, categories, actions) {
    this.#api = api;
    this.#categories = categories;
    this.#actions = actions;
    this.#watch();
  }

  open = (expense) => {
    this.#expense = expense;
    this.#explanation = null;
    this.#dialog.querySelector("textarea").value = expense.note ?? "";
    this.#draw();
    this.#dialog.showModal();
    return this.#load();
  };

  // Draws an expense as it now stands, if it is the one that is looked at.
  show(expense) {
    if (!this.#dialog.open || this.#expense?.id !== expense.id) return;
    this.#expense = expense;
    this.#draw();
  }

  #watch() {
    const busy = (work) => (button) => whileBusy(button, work);
    onAction(this.#dialog, {
      close: () => this.#dialog.close(),
      retry: () => this.#load(),
      choose: (button) => whileBusy(button, () => this.#file(button.dataset.slug)),
      automatic: busy(() => this.#file(null)),
      review: busy(() => this.#mark({ reviewed: true }, "is marked as reviewed")),
      exclude: busy(() => this.#exclude()),
    });
    const note = byId("note-form");
    note.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = new FormData(note).get("note").trim();
      whileBusy(event.submitter, () => this.#note(text));
    });
    const other = byId("other-category");
    other.addEventListener("submit", (event) => {
      event.preventDefault();
      const slug = new FormData(other).get("category");
      if (slug) whileBusy(event.submitter, () => this.#file(slug));
    });
  }

  async #load() {
    const { id } = this.#expense;
    showState(this.#dialog, "loading");
    try {
      const [explanation] = await Promise.all([this.#api.explain(id), this.#categories.load()]);
      if (this.#expense.id !== id) return;
      this.#explanation = explanation;
      this.#expense = explanation.expense;
      this.#offerCategories();
      this.#draw();
      showState(this.#dialog, "ready");
    } catch (problem) {
      if (!problem.body) throw problem;
      fill(this.#dialog, { problem: problem.words });
      showState(this.#dialog, "failed");
    }
  }

  #offerCategories() {
    const select = byId("other-category").elements.category;
    select.replaceChildren(new Option("Choose a category", ""));
    this.#categories.offer(select);
  }

  #draw() {
    const expense = this.#expense;
    fill(this.#dialog, {
      name: nameOfExpense(expense),
      account: accountOf(expense),
      amount: moneyOf(expense),
      category: expense.category.name,
      review: expense.needs_review ? "Needs review" : null,
      reason: expense.reason,
      sure: expense.source === "user" ? null : sureness(expense.confidence),
      withdrawn: expense.withdrawn ? "It does not count as an expense now." : null,
      exclude: expense.excluded ? "Put it back" : "Leave it out",
    });
    this.#dialog.querySelector(".chip").dataset.group = expense.category.group;
    this.#dialog.querySelector('[data-do="review"]').hidden = !expense.needs_review;
    setDay(this.#dialog.querySelector(".sheet-head time"), expense.date);
    if (this.#explanation) this.#drawExplanation(this.#explanation);
  }

  #drawExplanation(explanation) {
    const { automatic, bank, earlier, rule, memory, pending_twin: twin } = explanation;
    const chosen = this.#expense.source === "user";
    const ours = `We had filed it under ${automatic.category.name}. ${automatic.reason} ${sureness(automatic.confidence)}`;
    const named = rule && `Your rule: ${conditionsOf(rule)} is ${rule.category.name}.`;
    fill(this.#dialog, { overruled: chosen ? ours : null, rule: named, memory: memory && wordsOf(memory) });
    fill(this.#dialog, { partners: wordsOfPartners(explanation) });
    this.#dialog.querySelector('[data-do="automatic"]').hidden = !chosen;
    const others = automatic.alternatives.filter(({ slug }) => slug !== this.#expense.category.slug);
    this.#dialog.querySelector(".alternatives").hidden = others.length === 0;
    drawChoices(this.#dialog.querySelector(".choices"), others);
    drawBankRow(byId("bank-row"), bank);
    drawChanges(bank, earlier);
    byId("pending-twin").hidden = !twin;
    if (twin) drawBankRow(byId("twin-row"), twin);
  }

  async #file(slug) {
    await this.#actions.file(this.#expense, slug);
  }

  async #note(text) {
    const now = await this.#actions.decide(this.#expense, { note: text || null });
    if (now) tell(now.note ? "Your note is kept." : "Your note is gone.");
  }

  async #mark(changes, words) {
    const before = this.#expense;
    const now = await this.#actions.decide(before, changes);
    if (now) this.#actions.tellDone(`${nameOfExpense(now)} ${words}.`, before, now, changes);
  }

  #exclude() {
    const excluded = !this.#expense.excluded;
    return this.#mark({ excluded }, excluded ? "is left out of your expenses" : "counts again");
  }
}

// Categories as buttons, one press each.
export function drawChoices(list, categories) {
  reconcile(list, categories, {
    key: (one) => one.slug,
    create: () => clone("choice"),
    update: (item, { slug, name, group }) => {
      const button = fill(item, { choice: name }).querySelector("button");
      button.dataset.slug = slug;
      button.dataset.group = group;
    },
  });
}
