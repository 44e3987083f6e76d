// What needs review, one after another: likely answers as buttons and as keys, and the next one at once.

import { byId, fill, onAction, showState } from "./dom.js";
import { drawChoices } from "./details.js";
import { nameOfExpense } from "./decisions.js";
import { accountOf } from "./expenses.js";
import { format, isNegative } from "./money.js";
import { announce } from "./notices.js";
import { setDay } from "./time.js";

const BATCH = 50;
const SUGGESTIONS = 3;
const TYPED = "input, select, textarea";

const count = (number) => new Intl.NumberFormat().format(number);

export class ReviewQueue {
  #api;
  #categories;
  #actions;
  #section = byId("review");
  #card = byId("review-card");
  #items = [];
  #total = 0;
  #skipped = new Set();
  #answered = new Set();
  #explained = new Map();
  #current = null;

  // actions.file(expense, slug), .decide(expense, changes), .tellDone(…) and .explain(expense)
  constructor(api, categories, actions) {
    this.#api = api;
    this.#categories = categories;
    this.#actions = actions;
    this.#watch();
  }

  // For a Panel: reads the queue; what was answered in the meantime stays answered.
  read = async () => {
    const filters = { needs_review: true };
    const [page, { matched }] = await Promise.all([
      this.#api.expenses(filters, BATCH),
      this.#api.recategorise({ filter: filters, category: null, dry_run: true }),
      this.#categories.load(),
    ]);
    return { items: page.items, total: matched };
  };

  draw = ({ items, total }) => {
    this.#items = items;
    this.#total = total;
    const select = byId("review-other").elements.category;
    if (select.options.length === 1) this.#categories.offer(select);
    const known = new Set(items.map(({ id }) => id));
    for (const id of this.#answered) if (!known.has(id)) this.#answered.delete(id);
    return this.#next();
  };

  // Draws an expense as it now stands, if it waits here.
  show(expense) {
    const at = this.#items.findIndex(({ id }) => id === expense.id);
    if (at < 0) return;
    this.#items[at] = expense;
    if (expense.needs_review) this.#answered.delete(expense.id); // taken back
    if (expense.id === this.#current?.id || expense.needs_review) showState(this.#section, this.#next() ? "ready" : "empty");
  }

  #waiting() {
    return this.#items.filter(({ id, needs_review: needed }) => needed && !this.#answered.has(id));
  }

  // Shows the next expense that waits. Returns whether there is one.
  #next() {
    const waiting = this.#waiting();
    if (waiting.every(({ id }) => this.#skipped.has(id))) this.#skipped.clear();
    const current = waiting.find(({ id }) => !this.#skipped.has(id)) ?? null;
    const left = Math.max(waiting.length, this.#total - this.#answered.size);
    fill(this.#section, { count: current ? count(left) : null });
    byId("review-count").setAttribute("aria-label", `${count(left)} to review`);
    if (current?.id !== this.#current?.id) byId("review-other").reset();
    this.#current = current;
    if (current) this.#draw(current);
    return current !== null;
  }

  #draw(expense) {
    const refund = isNegative(expense.amount);
    fill(this.#card, {
      name: nameOfExpense(expense),
      description: nameOfExpense(expense) === expense.description ? null : expense.description,
      account: accountOf(expense),
      amount: format(expense.amount, expense.currency, expense.unofficial_currency),
      refund: refund ? "Refund" : null,
      reason: expense.reason,
    });
    setDay(this.#card.querySelector("time"), expense.date);
    this.#suggest(expense);
  }

  // Its likely answers, and while the user thinks, those of the next one.
  async #suggest(expense) {
    this.#drawSuggestions(expense, { settled: false });
    await this.#explain(expense);
    if (expense.id !== this.#current?.id) return;
    this.#drawSuggestions(expense, { settled: true });
    const next = this.#waiting().find(({ id }) => id !== expense.id && !this.#skipped.has(id));
    if (next) await this.#explain(next);
  }

  #drawSuggestions({ id }, { settled }) {
    const list = this.#card.querySelector(".choices");
    const known = this.#explained.get(id);
    list.setAttribute("aria-busy", String(!known && !settled));
    drawChoices(list, known ?? []);
    [...list.querySelectorAll("button")].forEach((button, index) => {
      fill(button, { key: index + 1 });
      button.setAttribute("aria-keyshortcuts", String(index + 1));
    });
  }

  // Without suggestions the list of all categories still answers; so a failure is not told.
  async #explain({ id }) {
    if (this.#explained.has(id)) return;
    try {
      const { automatic } = await this.#api.explain(id);
      this.#explained.set(id, automatic.alternatives.slice(0, SUGGESTIONS));
    } catch (problem) {
      if (!problem.body) throw problem;
    }
  }

  #watch() {
    onAction(this.#card, {
      choose: ({ dataset }) => this.#file(dataset.slug),
      keep: () => this.#keep(),
      skip: () => this.#skip(),
      explain: () => this.#actions.explain(this.#current),
    });
    byId("review-other").addEventListener("submit", (event) => {
      event.preventDefault();
      const slug = new FormData(event.target).get("category");
      if (slug) this.#file(slug);
    });
    this.#section.addEventListener("keydown", (event) => this.#press(event));
  }

  // Single keys count only while the focus is in the queue, and never where text is typed.
  #press(event) {
    if (!this.#current || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPED)) return;
    const choice = this.#card.querySelectorAll(".choices button")[Number(event.key) - 1];
    const keys = { k: () => this.#keep(), s: () => this.#skip(), o: () => byId("review-other").elements.category.focus() };
    const run = choice ? () => this.#file(choice.dataset.slug) : keys[event.key.toLowerCase()];
    if (!run || event.repeat) return;
    event.preventDefault();
    run();
  }

  #skip() {
    this.#skipped.add(this.#current.id);
    this.#goOn();
  }

  #file(slug) {
    return this.#answer((expense) => this.#actions.file(expense, slug));
  }

  #keep() {
    const changes = { reviewed: true };
    return this.#answer(async (expense) => {
      const now = await this.#actions.decide(expense, changes);
      if (now) this.#actions.tellDone(`${nameOfExpense(now)} stays as it is.`, expense, now, changes);
      return now;
    });
  }

  // The next one stands there at once; what the server refuses comes back.
  async #answer(run) {
    const expense = this.#current;
    this.#answered.add(expense.id);
    this.#goOn();
    await run(expense); // refused, it is shown as before, and so waits here again
  }

  #goOn() {
    const more = this.#next();
    showState(this.#section, more ? "ready" : "empty");
    byId(more ? "review-name" : "review-title").focus({ preventScroll: true });
    if (!more) announce("All reviewed");
  }
}
