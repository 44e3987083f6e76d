// Plaid Link on this page: a link token is fetched and Link created ahead of the click; at an OAuth bank the browser
// leaves the page and comes back to /oauth-return, where the same link token goes on.

const STORED = "cora.link";
const MARGIN_MS = 60_000;

const NO_SCRIPT = {
  words: "The bank connection could not be loaded. Allow this page to load Plaid (an ad blocker may forbid it) and reload.",
  reference: null,
};
const NO_SESSION = {
  words: "We could not find the connection that you began. It may have been begun in another browser; please start again.",
  reference: null,
};

const exitProblem = (error, metadata) => ({
  words: error.display_message || error.error_message || "The bank connection ended with an error. Try again.",
  reference: metadata?.request_id ?? null,
});

export const isOAuthReturn = () => new URLSearchParams(window.location.search).has("oauth_state_id");

const cleanAddress = () => window.history.replaceState(null, "", "/");

export class BankLink {
  #createLinkToken;
  #on;
  #next = null;

  // on.linked(publicToken, metadata) · on.repaired(integrationId) · on.failed(problem)
  constructor(createLinkToken, on) {
    this.#createLinkToken = createLinkToken;
    this.#on = on;
  }

  // Fetch what the next click needs. A failure is told when the click comes.
  async prepare() {
    this.#next ??= this.#create(null);
    try {
      await this.#next;
    } catch {
      this.#next = null;
    }
  }

  async connect() {
    const expired = ({ expires }) => expires - MARGIN_MS < Date.now();
    const ahead = await this.#next?.catch(() => null);
    if (ahead && expired(ahead)) ahead.handler.destroy();
    if (!ahead || expired(ahead)) this.#next = this.#create(null);
    await this.#open(this.#next);
  }

  async repair(integrationId) {
    await this.#open(this.#create(integrationId));
  }

  resume() {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "null");
    if (!stored || !window.Plaid) {
      cleanAddress();
      this.#on.failed(stored ? NO_SCRIPT : NO_SESSION);
      return;
    }
    this.#handle(stored.link_token, stored.integration_id, window.location.href).open();
  }

  async #open(session) {
    try {
      const { token, integrationId, handler } = await session;
      localStorage.setItem(STORED, JSON.stringify({ link_token: token, integration_id: integrationId }));
      handler.open();
    } catch (problem) {
      this.#next = null;
      this.#on.failed(problem.words ? problem : NO_SCRIPT);
    }
  }

  async #create(integrationId) {
    if (!window.Plaid) throw Object.assign(new Error("no Link script"), NO_SCRIPT);
    const { link_token: token, expiration } = await this.#createLinkToken(integrationId);
    return { token, integrationId, handler: this.#handle(token, integrationId), expires: Date.parse(expiration) };
  }

  #handle(token, integrationId, receivedRedirectUri) {
    const handler = window.Plaid.create({
      token,
      ...(receivedRedirectUri && { receivedRedirectUri }),
      onSuccess: (publicToken, metadata) => {
        this.#end(handler, integrationId);
        if (integrationId === null) this.#on.linked(publicToken, metadata);
        else this.#on.repaired(integrationId);
      },
      onExit: (error, metadata) => {
        const used = integrationId !== null || receivedRedirectUri || error?.error_code === "INVALID_LINK_TOKEN";
        if (used) this.#end(handler, integrationId);
        if (error) this.#on.failed(exitProblem(error, metadata));
      },
    });
    return handler;
  }

  // This session is over: tidy up and get ready for the next click.
  #end(handler, integrationId) {
    localStorage.removeItem(STORED);
    if (isOAuthReturn()) cleanAddress();
    handler.destroy();
    if (integrationId === null) this.#next = null;
    this.prepare();
  }
}
