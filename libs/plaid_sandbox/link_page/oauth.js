// The bank's own page of an OAuth bank: signs in whoever comes, asks for consent, and sends the customer back.

import { approve } from "./api.js";
import { show, warn } from "./stage.js";
import { explain } from "./wording.js";

const authSession = new URLSearchParams(window.location.search).get("auth_session");

// In a pop-up the window closes; in a redirect the customer goes back to where they came from.
function leave(title) {
  show("done", { title });
  if (window.opener) window.close();
  else window.history.back();
}

const cancel = () => leave("Nothing was shared");

async function allow(pane) {
  try {
    const { redirect_to: target } = await approve(authSession);
    if (target) window.location.replace(target);
    else leave("All done");
  } catch (error) {
    warn(pane, explain(error));
  }
}

function askConsent() {
  const pane = show("consent", {}, { actions: { cancel, approve: () => allow(pane) } });
}

const signIn = show("sign-in", {}, { actions: { cancel }, focus: "#bank-user" });
signIn.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  askConsent();
});
