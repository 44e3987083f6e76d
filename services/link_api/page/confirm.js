// Asks before something ends.

import { byId, fill } from "./dom.js";

// Resolves with whether the user said yes; Escape and the backdrop of a phone's back gesture say no.
export function confirmDisconnect(name) {
  const dialog = fill(byId("disconnect-dialog"), { name });
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
