// A part of the page that shows data: loading, then ready or empty, or failed with a way to try again. What is shown
// stays when a later refresh fails; an answer that a newer request has overtaken is dropped.

import { fill, showState } from "./dom.js";

export class Panel {
  #section;
  #read;
  #draw;
  #request = 0;
  #drawn = false;

  // `draw(data)` says whether there was anything to show.
  constructor(section, { read, draw }) {
    this.#section = section;
    this.#read = read;
    this.#draw = draw;
    section.querySelector('[data-do="retry"]')?.addEventListener("click", () => {
      showState(section, "loading");
      this.refresh();
    });
    showState(section, "loading");
  }

  refresh = async () => {
    this.#request += 1;
    const request = this.#request;
    try {
      const data = await this.#read();
      if (request === this.#request) this.show(data);
    } catch (problem) {
      if (!problem.body) throw problem;
      if (request === this.#request && !this.#drawn) this.#fail(problem);
    }
  };

  show(data) {
    this.#drawn = true;
    showState(this.#section, this.#draw(data) ? "ready" : "empty");
  }

  // Forget what is shown: the next answer belongs to another question.
  restart() {
    this.#drawn = false;
    showState(this.#section, "loading");
    return this.refresh();
  }

  #fail(problem) {
    fill(this.#section, { problem: problem.words });
    showState(this.#section, "failed");
  }
}
