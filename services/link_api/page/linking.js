// From Link's answer to a connected bank: exchange or repair, and what to say when the bank is already here.

import { byId, fill } from "./dom.js";
import { BankLink, isOAuthReturn } from "./link.js";
import { complain, tell } from "./notices.js";

const NO_NAME = "Your bank";

function showConnecting(name) {
  byId("connecting").hidden = name === null;
  if (name !== null) fill(byId("connecting"), { connecting: `Connecting ${name}` });
}

export function createLinking({ api, refreshBanks, pointAt }) {
  const link = new BankLink(api, { linked, repaired, failed });

  function failed(problem) {
    complain(problem, ["Try again", () => (isOAuthReturn() ? link.resume() : link.connect())]);
  }

  function alreadyConnected({ integration: { id, institution, action_required: action }, update_mode: ready }, connectAnyway) {
    const name = institution.name ?? NO_NAME;
    pointAt(id);
    if (action === "reconnect") {
      const reconnect = () => (ready ? link.openGiven(ready) : link.update(id));
      complain({ words: `${name} is already connected, but needs you to sign in again.` }, ["Reconnect", reconnect]);
    } else tell(`${name} is already connected; nothing was added twice.`, ["It is another login", connectAnyway]);
  }

  async function linked(publicToken, metadata, allowDuplicate = false) {
    const name = metadata?.institution?.name ?? NO_NAME;
    showConnecting(name);
    try {
      await api.exchange(publicToken, metadata, allowDuplicate);
      await refreshBanks();
      tell(`${name} is connected. Your expenses appear here as they come in.`);
    } catch (problem) {
      if (!problem.body) throw problem;
      if (problem.code === "duplicate_bank") {
        alreadyConnected(problem.body, () => linked(publicToken, metadata, true));
      } else if (problem.body.retryable) complain(problem, ["Try again", () => linked(publicToken, metadata, allowDuplicate)]);
      else failed(problem);
    } finally {
      showConnecting(null);
    }
  }

  async function repaired(id) {
    try {
      await api.repaired(id);
      await refreshBanks();
      tell("Thank you. We are asking your bank for what is new.");
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem, ["Try again", () => repaired(id)]);
    }
  }

  return {
    connect: () => link.connect(),
    repair: (id) => link.update(id),
    addAccounts: (id) => link.update(id, true),
    begin: () => (isOAuthReturn() ? link.resume() : link.prepare()),
  };
}
