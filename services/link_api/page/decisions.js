// What the user decides about an expense: shown at once, sent with the state that he saw, and taken back from the screen
// if the server will not have it. Changed meanwhile, it is shown as it stands now, and nothing is overwritten.

import { complain, tell } from "./notices.js";
import { Problem } from "./requests.js";

const CHANGED = "changed_meanwhile";

export const nameOfExpense = ({ vendor, description }) => vendor ?? description;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

async function send(api, seen, changes) {
  const { expense: now, tag } = await api.expense(seen.id);
  if (!same(now, seen)) throw new Problem({ code: CHANGED, current: now });
  return (await api.editExpense(seen.id, tag, changes)).expense;
}

// What it takes to have again what stood before these changes.
function undoing(before, changes) {
  const old = { category: before.source === "user" ? before.category.slug : null, note: before.note };
  const kept = { ...old, excluded: before.excluded, reviewed: before.reviewed };
  return Object.fromEntries(Object.keys(changes).map((name) => [name, kept[name]]));
}

export class Decisions {
  #api;
  #categories;
  #on;

  // on.shown(expense): draw it so · on.decided(expense, changes): the server has it
  constructor(api, categories, on) {
    this.#api = api;
    this.#categories = categories;
    this.#on = on;
  }

  // Returns the expense as the server now has it; null if it would not: the user has been told.
  async decide(seen, changes) {
    this.#on.shown(this.#imagine(seen, changes));
    try {
      const now = await send(this.#api, seen, changes);
      this.#on.shown(now);
      this.#on.decided(now, changes);
      return now;
    } catch (problem) {
      if (!problem.body) throw problem;
      this.#refused(seen, changes, problem);
      return null;
    }
  }

  // Tells what was done, with the way back and what else there is to do.
  tellDone(text, before, now, changes, ...offers) {
    return tell(text, ...offers, ["Undo", () => this.decide(now, undoing(before, changes))]);
  }

  #imagine(seen, { category, ...rest }) {
    const chosen = category && this.#categories.find(category);
    const answered = chosen || rest.reviewed ? { needs_review: false } : {};
    return { ...seen, ...rest, ...answered, ...(chosen && { category: chosen }) };
  }

  #refused(seen, changes, problem) {
    const current = problem.code === CHANGED ? problem.body.current : seen;
    this.#on.shown(current);
    const name = nameOfExpense(seen);
    if (problem.code === CHANGED) {
      complain({ words: `${name} has changed meanwhile. It is shown as it stands now; decide again.`, reference: null });
    } else complain(problem, ["Try again", () => this.decide(seen, changes)]);
  }
}
