// The door: who is signed in sees the board, who is not is told how to come in.

import { openBoard } from "./board.js";
import { byId, fill } from "./dom.js";
import { forgetToken, takeToken, watchForToken } from "./session.js";

function showSignedOut(title) {
  byId("board").hidden = true;
  byId("live").hidden = true;
  fill(byId("signed-out"), { title }).hidden = false;
}

const token = takeToken();
watchForToken();

if (token) {
  byId("board").hidden = false;
  openBoard(token, () => {
    forgetToken();
    showSignedOut("Your session has ended");
  });
} else showSignedOut("You are not signed in");
