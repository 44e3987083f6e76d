// Keeps the page current: by events while the stream stands, by asking every few seconds while it does not, and not
// at all while nobody looks at the tab.

import { byId } from "./dom.js";
import { EventStream } from "./events.js";

const POLL_MS = 8_000;
const TOLERATED_FAILURES = 2;

function showLiveness(state, text) {
  const sign = byId("live");
  sign.dataset.live = state;
  sign.querySelector("span").textContent = text;
}

export function stayLive(token, { heard, refreshAll, signedOut }) {
  let polling = null;

  const stopPolling = () => {
    clearInterval(polling);
    polling = null;
  };

  const stream = new EventStream(token, {
    heard,
    signedOut,
    opened: (resumed) => {
      stopPolling();
      showLiveness("on", "Live");
      if (!resumed) refreshAll();
    },
    lost: (failures) => {
      if (failures < TOLERATED_FAILURES) showLiveness("waiting", "Reconnecting");
      else {
        showLiveness("off", "Refreshing every few seconds");
        polling ??= setInterval(refreshAll, POLL_MS);
      }
    },
  });

  const follow = () => {
    if (document.hidden) {
      stream.stop();
      stopPolling();
    } else stream.start();
  };
  document.addEventListener("visibilitychange", follow);
  follow();

  return () => {
    document.removeEventListener("visibilitychange", follow);
    stream.stop();
    stopPolling();
  };
}
