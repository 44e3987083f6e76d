// The half of the page about money: expenses, what needs review, sums, and the decisions that move between them.

import { Categories } from "./categories.js";
import { Decisions } from "./decisions.js";
import { Details } from "./details.js";
import { byId } from "./dom.js";
import { offerExport } from "./filters.js";
import { Panel } from "./panel.js";
import { createExpenses, createMonths, createPending, createSpending } from "./parts.js";
import { Recategorising } from "./recategorising.js";
import { ReviewQueue } from "./review.js";
import { createRules } from "./rules.js";
import { daysAgo } from "./time.js";

// What the parts let the user do about an expense.
function createActions(categories, decisions, recategorising, explain) {
  return {
    categories,
    explain,
    file: (expense, slug) => recategorising.file(expense, slug),
    decide: (expense, changes) => decisions.decide(expense, changes),
    tellDone: (...given) => decisions.tellDone(...given),
  };
}

async function offerCategories(categories) {
  try {
    await categories.load();
    categories.offer(byId("filter-category"));
  } catch (problem) {
    if (!problem.body) throw problem; // the table stands without this filter; an edit asks for them again
  }
}

// Returns the panels that show expenses, and the rules, each with its `refresh`; `decided` is called when an expense has changed by the user's hand.
export function createMoney(api, decided) {
  const categories = new Categories(api);
  const decisions = new Decisions(api, categories, {
    shown: (expense) => [expenses, queue, details].forEach((part) => part.show(expense)),
    decided,
  });
  const rules = createRules(api);
  const recategorising = new Recategorising(api, categories, decisions, rules.refresh);
  const actions = createActions(categories, decisions, recategorising, (expense) => details.open(expense));
  const details = new Details(api, categories, actions);
  const expenses = createExpenses(api, actions);
  const queue = new ReviewQueue(api, categories, actions);
  const review = new Panel(byId("review"), queue);
  offerExport(api, () => daysAgo(0));
  offerCategories(categories);
  const sums = { spending: createSpending(api), months: createMonths(api) };
  return { panels: { expenses, review, pending: createPending(api), ...sums }, rules };
}
