// Short messages at the foot of the page: good ones leave by themselves, bad ones stay until dismissed.

import { byId, clone, fill } from "./dom.js";

const STAY_MS = 7_000;

function show(kind, text, { reference = null, label = null, run = null } = {}) {
  const notice = fill(clone("notice"), { text, reference: reference && `Reference ${reference}`, action: label });
  notice.dataset.kind = kind;
  notice.querySelector('[data-do="act"]').addEventListener("click", () => {
    notice.remove();
    run?.();
  });
  notice.querySelector('[data-do="dismiss"]').addEventListener("click", () => notice.remove());
  byId(kind === "bad" ? "alerts" : "notices").append(notice);
  return notice;
}

// `offer` and `again` are pairs of label and function: what the user can do about it.
export function tell(text, offer = null) {
  const [label, run] = offer ?? [null, null];
  const notice = show("good", text, { label, run });
  if (!offer) setTimeout(() => notice.remove(), STAY_MS);
}

export function complain(problem, again = null) {
  const [label, run] = again ?? [null, null];
  show("bad", problem.words, { reference: problem.reference, label, run });
}

// For screen readers only: what others see move.
export function announce(text) {
  byId("announcements").textContent = text;
}
