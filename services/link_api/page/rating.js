// How do you like it? Asked once, when the server says that it is time; an answer or a "no" ends it for good.

import { byId, whileBusy } from "./dom.js";
import { complain, tell } from "./notices.js";

export class Rating {
  #api;
  #section = byId("rating");
  #form = byId("rating-form");
  #over = false;

  constructor(api) {
    this.#api = api;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(this.#form);
      whileBusy(event.submitter ?? this.#form, () => this.#answer(Number(given.get("rating")), given.get("comment").trim()));
    });
    this.#form.addEventListener("change", () => {
      byId("rating-more").hidden = false;
    });
    byId("no-rating").addEventListener("click", ({ currentTarget }) => whileBusy(currentTarget, () => this.#answer(null)));
  }

  refresh = async () => {
    if (this.#over) return;
    try {
      const { due } = await this.#api.feedback();
      this.#section.hidden = !due;
    } catch (problem) {
      if (!problem.body) throw problem; // it can wait
    }
  };

  async #answer(rating, comment = "") {
    try {
      await this.#api.rate(rating, comment || null);
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem);
      return;
    }
    this.#over = true;
    this.#section.hidden = true;
    byId("main").focus({ preventScroll: true });
    if (rating !== null) tell("Thank you. It helps us to make this better.");
  }
}
