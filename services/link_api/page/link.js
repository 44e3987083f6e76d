// Plaid Link on this page: a link token is fetched and Link created ahead of the click; at an OAuth bank the browser
// leaves the page and comes back to /oauth-return, where the same Link session goes on. Of a session only its `state` is
// kept, in this tab: the server gives the token again, to the same user alone.

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
  #api;
  #on;
  #next = null;

  // on.linked(publicToken, metadata) · on.repaired(integrationId) · on.failed(problem)
  constructor(api, on) {
    this.#api = api;
    this.#on = on;
  }

  // Fetch what the next click needs. A failure is told when the click comes.
  async prepare() {
    this.#next ??= this.#create();
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
    if (!ahead || expired(ahead)) this.#next = this.#create();
    await this.#open(this.#next);
  }

  // Update mode of a linked bank: to sign in again, or, with `selectAccounts`, to share more accounts.
  async update(integrationId, selectAccounts = false) {
    await this.#open(this.#create({ integrationId, selectAccounts }));
  }

  // A session that the server has opened already.
  async openGiven(linkToken) {
    await this.#open(Promise.resolve(this.#session(linkToken)));
  }

  async resume() {
    const state = sessionStorage.getItem(STORED);
    const returnedTo = window.location.href;
    try {
      if (!state) throw Object.assign(new Error("nothing begun here"), NO_SESSION);
      if (!window.Plaid) throw Object.assign(new Error("no Link script"), NO_SCRIPT);
      this.#session(await this.#api.resumeLink(state), returnedTo).handler.open();
    } catch (problem) {
      if (!problem.body?.retryable) cleanAddress();
      this.#fail(problem.code === "not_found" ? NO_SESSION : problem);
    }
  }

  async #open(session) {
    try {
      const { state, handler } = await session;
      sessionStorage.setItem(STORED, state);
      handler.open();
    } catch (problem) {
      this.#next = null;
      this.#fail(problem);
    }
  }

  #fail(problem) {
    this.#on.failed(problem.words ? problem : NO_SCRIPT);
  }

  async #create(wish) {
    if (!window.Plaid) throw Object.assign(new Error("no Link script"), NO_SCRIPT);
    return this.#session(await this.#api.createLinkToken(wish));
  }

  #session({ link_token: token, expiration, state, integration_id: integrationId }, receivedRedirectUri = null) {
    const session = { state, integrationId, returned: receivedRedirectUri !== null, expires: Date.parse(expiration) };
    session.handler = window.Plaid.create({
      token,
      ...(receivedRedirectUri && { receivedRedirectUri }),
      onSuccess: (publicToken, metadata) => this.#succeed(session, publicToken, metadata),
      onExit: (error, metadata) => this.#exit(session, error, metadata),
      onEvent: (name, metadata) => this.#report(state, { callback: "onEvent", event_name: name, metadata }),
    });
    return session;
  }

  #succeed(session, publicToken, metadata) {
    this.#end(session);
    if (session.integrationId === null) this.#on.linked(publicToken, metadata);
    else this.#on.repaired(session.integrationId);
  }

  #exit(session, error, metadata) {
    this.#report(session.state, { callback: "onExit", error, metadata });
    const isUsed = session.integrationId !== null || session.returned || error?.error_code === "INVALID_LINK_TOKEN";
    if (isUsed) this.#end(session);
    if (error) this.#on.failed(exitProblem(error, metadata));
  }

  // For support, which finds Plaid's side by it; no failure of it concerns the user.
  #report(state, event) {
    this.#api.reportLink({ state, ...event }).catch(() => undefined);
  }

  // This session is over: tidy up and get ready for the next click.
  #end({ handler, integrationId }) {
    sessionStorage.removeItem(STORED);
    if (isOAuthReturn()) cleanAddress();
    handler.destroy();
    if (integrationId === null) this.#next = null;
    this.prepare();
  }
}
