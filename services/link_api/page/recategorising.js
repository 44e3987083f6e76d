// One category for an expense; then, if the user likes, for all others of its merchant, after a look at what changes;
// and back.

import { byId, clone, fill, reconcile, whileBusy } from "./dom.js";
import { nameOfExpense } from "./decisions.js";
import { format } from "./money.js";
import { complain, tell } from "./notices.js";
import { day } from "./time.js";

const LONGEST_SEARCH = 200;
const LEARNING_MS = 700; // open questions of the merchant are answered by then, and need no offer

const others = (count) => (count === 1 ? "1 other" : `${new Intl.NumberFormat().format(count)} others`);

const are = (count) => (count === 1 ? "1 is" : `${new Intl.NumberFormat().format(count)} are`);

function drawExample(row, { expense }) {
  fill(row, {
    day: day(expense.date),
    name: nameOfExpense(expense),
    from: expense.category.name,
    amount: format(expense.amount, expense.currency, expense.unofficial_currency),
  });
}

const TITLES = {
  past: ({ merchant, changing }) => `${merchant}: also the ${others(changing)}?`,
  future: ({ merchant, category }) => `Always file ${merchant} under ${category.name}?`,
};

function drawPreview(dialog, wish, { changing, withdrawn, examples }) {
  const { merchant, category } = wish;
  const more = changing - examples.length;
  fill(dialog, {
    title: TITLES[changing ? "past" : "future"]({ merchant, category, changing }),
    past: changing ? `They become ${category.name}, as if you had chosen it for each.` : null,
    withdrawn: withdrawn ? `${withdrawn} of them stop being expenses: this category is for money that only moved.` : null,
    more: more > 0 ? `and ${others(more)}` : null,
    always: `Always: every new transaction of ${merchant} too`,
    apply: changing ? `Change ${new Intl.NumberFormat().format(changing)}` : "Make it a rule",
  });
  const list = dialog.querySelector("ul");
  list.hidden = changing === 0;
  dialog.querySelector(".tick").hidden = changing === 0;
  dialog.querySelector(".tick input").checked = changing === 0;
  reconcile(list, examples, { key: (one) => one.expense.id, create: () => clone("alike-row"), update: drawExample });
}

export class Recategorising {
  #api;
  #categories;
  #decisions;
  #dialog = byId("alike-dialog");
  #wish = null;
  #notice = null;

  #ruleMade;

  // ruleMade(): the user has one more
  constructor(api, categories, decisions, ruleMade) {
    this.#api = api;
    this.#ruleMade = ruleMade;
    this.#categories = categories;
    this.#decisions = decisions;
    const apply = this.#dialog.querySelector('[data-do="apply"]');
    apply.addEventListener("click", () => whileBusy(apply, () => this.#apply()));
  }

  // Files the expense under a category. Returns it as it now is, or null if that was refused.
  async file(expense, slug) {
    const changes = { category: slug };
    const now = await this.#decisions.decide(expense, changes);
    if (now && slug !== null) this.#follow(expense, now, changes);
    return now;
  }

  async #follow(before, now, changes) {
    this.#notice?.remove(); // of the one before
    const said = `${nameOfExpense(now)} is filed under ${now.category.name}.`;
    const notice = this.#decisions.tellDone(said, before, now, changes);
    this.#notice = notice;
    await new Promise((resolve) => setTimeout(resolve, LEARNING_MS));
    if (!notice.isConnected) return;
    const preview = await this.#preview(now);
    if (!preview || !notice.isConnected) return;
    notice.remove();
    const label = preview.changing ? `Also ${others(preview.changing)}…` : "Always…";
    const look = [label, () => this.#show(now, preview)];
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
    const { slug } = expense.category;
    return { filter: { merchant_of: expense.id, category: this.#categories.slugsExcept(slug) }, category: slug };
  }

  #show(expense, preview) {
    this.#wish = { request: this.#wishOf(expense), merchant: nameOfExpense(expense), category: expense.category };
    drawPreview(this.#dialog, this.#wish, preview);
    this.#dialog.showModal();
  }

  async #apply() {
    const { request, merchant, category } = this.#wish;
    const always = this.#dialog.querySelector(".tick input").checked;
    try {
      const { changed, undoIds } = await this.#changeOthers(request);
      if (always) await this.#api.makeRule({ contains: merchant.slice(0, LONGEST_SEARCH) }, category.slug);
      this.#dialog.close();
      const said = [changed && `${others(changed)} of ${merchant} filed under ${category.name}.`];
      const words = [...said, always && `New ones of ${merchant} are filed there from now on.`].filter(Boolean).join(" ");
      const offers = changed ? [["Undo", () => this.#undo(undoIds)]] : [];
      tell(words, ...offers);
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem);
    }
    if (always) this.#ruleMade();
  }

  // At most a thousand at a time: ask until none is left. Returns how many were changed, and what undoes it, last first.
  async #changeOthers(request) {
    let changed = 0;
    const undoIds = [];
    for (let remaining = 1; remaining > 0; ) {
      const answer = await this.#api.recategorise(request);
      changed += answer.changed;
      if (answer.undo_id !== null) undoIds.unshift(answer.undo_id);
      remaining = answer.changed ? answer.remaining : 0;
    }
    return { changed, undoIds };
  }

  // What its user has decided about since stays, and is told.
  async #undo(undoIds) {
    let [restored, left] = [0, 0];
    try {
      for (const id of undoIds) {
        const answer = await this.#api.undoRecategorisation(id);
        restored += answer.restored;
        left += answer.left;
      }
      const stays = left && `${are(left)} not: you have decided about ${left === 1 ? "it" : "them"} since.`;
      tell([`${are(restored)} filed as before.`, stays].filter(Boolean).join(" "));
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem);
    }
  }
}
