// Link's page: joins the embedding page, the stand-in and the flow.

import { createApi } from "./api.js";
import { Flow } from "./flow.js";
import { createHost } from "./host.js";

const asked = new URLSearchParams(window.location.search);
const back = document.getElementById("back");
let goBack = null;

const host = createHost(asked.get("parent_origin"), {
  open: () => {
    document.body.classList.add("open");
    flow.open(asked.get("oauth_state_id"));
  },
  exit: () => flow.exit(),
});

const flow = new Flow({
  api: createApi(asked.get("link_token")),
  host,
  setBack: (run) => {
    goBack = run;
    back.hidden = !run;
  },
});

back.addEventListener("click", () => goBack?.());
document.getElementById("close").addEventListener("click", () => flow.exit());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") flow.exit();
});

await flow.load();
host.ready();
