// What the page knows of the user's banks: the API's answer, and on top of it what the event stream told since.

import { stageOf } from "./banks.js";

export const ASKED_MS = 8_000;
const NO_NAME = "Your bank";

export class Connections {
  #integrations = [];
  #accounts = [];
  #progress = new Map();
  #asked = new Map();

  replace(integrations, accounts) {
    this.#integrations = integrations;
    this.#accounts = accounts;
    for (const { id, syncing } of integrations) if (!syncing) this.#progress.delete(id);
  }

  // A sync.progress event. Returns the bank it speaks of, or undefined.
  progress(event) {
    this.#progress.set(event.integration_id, event);
    if (event.done) this.#asked.delete(event.integration_id);
    return this.banks().find((bank) => bank.id === event.integration_id);
  }

  // The user asked for a sync: until news come, or for a while, the button rests.
  ask(id) {
    this.#asked.set(id, Date.now() + ASKED_MS);
  }

  forgetAsking(id) {
    this.#asked.delete(id);
  }

  banks() {
    return this.#integrations.map((integration) => this.#compose(integration));
  }

  #compose(integration) {
    const event = this.#progress.get(integration.id);
    const running = event ? !event.done : integration.syncing;
    return {
      ...integration,
      institution: { ...integration.institution, name: integration.institution.name ?? NO_NAME },
      stage: stageOf(integration.stage),
      syncing: running,
      reading: event && running ? event.transactions : 0,
      asked: (this.#asked.get(integration.id) ?? 0) > Date.now(),
      accounts: this.#accounts.filter((account) => account.integration_id === integration.id),
    };
  }
}
