// One category for an expense; then, if the user likes, for all others of its merchant, after a look at what changes.

import { byId, clone, fill, reconcile, whileBusy } from "./dom.js";
import { nameOfExpense } from "./decisions.js";
import { format } from "./money.js";
import { complain, tell } from "./notices.js";
import { day } from "./time.js";

const LONGEST_SEARCH = 200;

const others = (count) => (count === 1 ? "1 other" : `${new Intl.NumberFormat().format(count)} others`);

function drawExample(row, { expense }) {
  fill(row, {
    day: day(expense.date),
    name: nameOfExpense(expense),
    from: expense.category.name,
    amount: format(expense.amount, expense.currency, expense.unofficial_currency),
  });
}

function drawPreview(dialog, wish, { changing, withdrawn, examples }) {
  const more = changing - examples.length;
  fill(dialog, {
    count: others(changing),
    merchant: wish.merchant,
    category: wish.category.name,
    withdrawn: withdrawn ? `${withdrawn} of them stop being expenses: this category is for money that only moved.` : null,
    more: more > 0 ? `and ${others(more)}` : null,
    apply: `Change ${new Intl.NumberFormat().format(changing)}`,
  });
  const list = dialog.querySelector("ul");
  reconcile(list, examples, { key: (one) => one.expense.id, create: () => clone("alike-row"), update: drawExample });
}

export class Recategorising {
  #api;
  #categories;
  #decisions;
  #dialog = byId("alike-dialog");
  #wish = null;
  #notice = null;

  constructor(api, categories, decisions) {
    this.#api = api;
    this.#categories = categories;
    this.#decisions = decisions;
    const apply = this.#dialog.querySelector('[data-do="apply"]');
    apply.addEventListener("click", () => whileBusy(apply, () => this.#apply()));
  }

  // Files the expense under a category. Returns it as it now is, or null if that was refused.
  async file(expense, slug) {
    const changes = { category: slug };
    const now = await this.#decisions.decide(expense, changes);
    if (now) this.#follow(expense, now, changes);
    return now;
  }

  async #follow(before, now, changes) {
    this.#notice?.remove(); // of the one before
    const said = `${nameOfExpense(now)} is filed under ${now.category.name}.`;
    const notice = this.#decisions.tellDone(said, before, now, changes);
    this.#notice = notice;
    const preview = await this.#preview(now);
    if (!preview?.changing || !notice.isConnected) return;
    notice.remove();
    const look = [`Also ${others(preview.changing)}…`, () => this.#show(now, preview)];
    this.#notice = this.#decisions.tellDone(said, before, now, changes, look);
  }

  // Of the others those that are filed elsewhere; null where that cannot be known now: it is only an offer.
  async #preview(expense) {
    try {
      return await this.#api.recategorise({ ...this.#wishOf(expense), dry_run: true });
    } catch (problem) {
      if (!problem.body) throw problem;
      return null;
    }
  }

  #wishOf(expense) {
    const q = nameOfExpense(expense).slice(0, LONGEST_SEARCH);
    const { slug } = expense.category;
    return { filter: { q, category: this.#categories.slugsExcept(slug) }, category: slug };
  }

  #show(expense, preview) {
    this.#wish = { request: this.#wishOf(expense), merchant: nameOfExpense(expense), category: expense.category };
    drawPreview(this.#dialog, this.#wish, preview);
    this.#dialog.showModal();
  }

  async #apply() {
    let changed = 0;
    try {
      for (let remaining = 1; remaining > 0; ) {
        const answer = await this.#api.recategorise(this.#wish.request);
        changed += answer.changed;
        remaining = answer.changed ? answer.remaining : 0;
      }
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem);
      return;
    }
    this.#dialog.close();
    tell(`${others(changed)} of ${this.#wish.merchant} filed under ${this.#wish.category.name}.`);
  }
}
