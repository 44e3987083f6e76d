// The stand-in of Plaid's script: defines window.Plaid with the same doors. Link itself runs in an iframe of the
// stand-in's origin; the two talk by postMessage and believe nobody else. Styles go through CSSOM, so that a page
// with a strict Content-Security-Policy needs no 'unsafe-inline'.
(() => {
  "use strict";

  const PAGE = new URL("../../page", document.currentScript.src);

  const OVERLAY = {
    position: "fixed", inset: "0", width: "100vw", height: "100dvh", maxWidth: "none", maxHeight: "none",
    margin: "0", padding: "0", border: "0", background: "transparent", overflow: "hidden",
  };
  const FRAME = { display: "block", width: "100%", height: "100%", border: "0", colorScheme: "light dark" };

  function stateOf(redirectUri) {
    const state = new URL(redirectUri).searchParams.get("oauth_state_id");
    if (!state) throw new Error("receivedRedirectUri must carry the oauth_state_id that the bank came back with.");
    return state;
  }

  function pageAddress({ token, receivedRedirectUri }) {
    const address = new URL(PAGE);
    address.searchParams.set("link_token", token);
    address.searchParams.set("parent_origin", window.location.origin);
    if (receivedRedirectUri) address.searchParams.set("oauth_state_id", stateOf(receivedRedirectUri));
    return address;
  }

  function buildOverlay(address) {
    const overlay = document.createElement("dialog");
    overlay.setAttribute("aria-label", "Connect a bank account");
    Object.assign(overlay.style, OVERLAY);
    const frame = document.createElement("iframe");
    frame.title = "Plaid Link (sandbox)";
    Object.assign(frame.style, FRAME);
    frame.src = address.href;
    overlay.append(frame);
    document.body.append(overlay);
    return { overlay, frame };
  }

  // One Link session: loaded at once and out of sight, shown by open(), as often as the page likes.
  class Session {
    #settings;
    #overlay;
    #frame;
    #ready = false;
    #wanted = false;
    #scroll = "";

    constructor(settings) {
      this.#settings = settings;
      ({ overlay: this.#overlay, frame: this.#frame } = buildOverlay(pageAddress(settings)));
      this.#overlay.addEventListener("cancel", (event) => {
        event.preventDefault();
        this.exit();
      });
      window.addEventListener("message", this.#receive);
    }

    open = () => {
      this.#wanted = true;
      if (!this.#overlay.open) {
        this.#scroll = document.documentElement.style.overflow;
        document.documentElement.style.overflow = "hidden";
        this.#overlay.showModal();
      }
      this.#frame.focus();
      if (this.#ready) this.#send("open");
    };

    exit = () => {
      if (this.#ready) this.#send("exit");
      else this.#giveUp();
    };

    destroy = () => {
      window.removeEventListener("message", this.#receive);
      this.#hide();
      this.#overlay.remove();
    };

    #hide() {
      this.#wanted = false;
      if (!this.#overlay.open) return;
      this.#overlay.close();
      document.documentElement.style.overflow = this.#scroll;
    }

    #send(action) {
      this.#frame.contentWindow?.postMessage({ link: action }, PAGE.origin);
    }

    // The page never came: let the user out, and load it anew for the next try.
    #giveUp() {
      this.#hide();
      this.#frame.src = this.#frame.src;
      this.#settings.onExit?.(null, { institution: null, status: null, link_session_id: null, request_id: null });
    }

    #receive = (message) => {
      if (message.origin !== PAGE.origin || message.source !== this.#frame.contentWindow) return;
      const { link, name, public_token, metadata, error, url } = message.data ?? {};
      const { onEvent, onSuccess, onExit } = this.#settings;
      if (link === "ready") this.#loaded();
      else if (link === "event") onEvent?.(name, metadata);
      else if (link === "success") {
        this.#hide();
        onSuccess?.(public_token, metadata);
      } else if (link === "exit") {
        this.#hide();
        onExit?.(error, metadata);
      } else if (link === "redirect" && new URL(url).origin === PAGE.origin) window.location.assign(url);
    };

    #loaded() {
      this.#ready = true;
      this.#settings.onLoad?.();
      if (this.#wanted) this.#send("open");
    }
  }

  function create(settings) {
    if (!settings?.token) throw new Error("Missing Link parameter. Link requires a token to be provided.");
    const { open, exit, destroy } = new Session(settings);
    return { open, exit, destroy };
  }

  window.Plaid = Object.freeze({ create });
})();
