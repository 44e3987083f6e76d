// Short messages at the foot of the page: good ones leave by themselves, bad ones stay until dismissed. While a dialog
// is open they stand in it, for all else is out of reach then.

import { byId, clone, fill } from "./dom.js";

const STAY_MS = 7_000;
const OFFER_MS = 20_000;

function remove(notice) {
  const hadFocus = notice.contains(document.activeElement);
  notice.remove();
  if (hadFocus) byId("main").focus({ preventScroll: true });
}

function addOffer(notice, [label, run]) {
  const button = clone("notice-offer");
  button.textContent = label;
  button.addEventListener("click", () => {
    remove(notice);
    run();
  });
  notice.querySelector('[data-do="dismiss"]').before(button);
}

function bringWithinReach() {
  const home = [...document.querySelectorAll("dialog[id][open]")].at(-1) ?? document.body;
  if (byId("foot").parentElement !== home) home.append(byId("foot"));
}

document.addEventListener("close", bringWithinReach, true);

// `offers` are pairs of label and function: what the user can do about it.
function show(kind, text, offers, reference = null) {
  const notice = fill(clone("notice"), { text, reference: reference && `Reference ${reference}` });
  notice.dataset.kind = kind;
  offers.forEach((offer) => addOffer(notice, offer));
  notice.querySelector('[data-do="dismiss"]').addEventListener("click", () => remove(notice));
  bringWithinReach();
  byId(kind === "bad" ? "alerts" : "notices").append(notice);
  return notice;
}

function leaveUnlessLookedAt(notice, ms) {
  setTimeout(() => {
    if (notice.matches(":hover, :focus-within")) leaveUnlessLookedAt(notice, ms);
    else notice.remove();
  }, ms);
}

// Returns the notice, so that news of the same thing can replace it.
export function tell(text, ...offers) {
  const notice = show("good", text, offers);
  leaveUnlessLookedAt(notice, offers.length ? OFFER_MS : STAY_MS);
  return notice;
}

export function complain(problem, ...offers) {
  return show("bad", problem.words, offers, problem.reference);
}

// For screen readers only: what others see move.
export function announce(text) {
  byId("announcements").textContent = text;
}
