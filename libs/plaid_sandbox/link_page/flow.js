// A Link session from the first pane to the last. It has two ways out: #finish (onSuccess) and exit (onExit).
// Every pane takes a new turn; an answer that arrives for an older turn is dropped.

import { openBankWindow, untilApproved } from "./bank_window.js";
import { showAccounts, showCredentials, showInstitutions, showOAuth } from "./panes.js";
import { Report } from "./report.js";
import { initial, show, warn } from "./stage.js";
import { explain, isAboutBank, isAboutCredentials, titleOf } from "./wording.js";

export class Flow {
  #api;
  #report;
  #redirect;
  #setBack;
  #broken = null;
  #login = null;
  #linked = null;
  #error = null;
  #status = null;
  #turn = 0;

  constructor({ api, host, setBack }) {
    this.#api = api;
    this.#report = new Report(api, host);
    this.#redirect = host.redirect;
    this.#setBack = setBack;
  }

  // Read the session ahead of the click; a dead link token is told when Link is opened.
  async load() {
    try {
      this.#report.session = await this.#api.readSession();
    } catch (error) {
      this.#broken = error;
    }
  }

  open(stateId) {
    this.#report.institution = this.#login = this.#linked = this.#error = this.#status = null;
    this.#report.event("OPEN");
    if (this.#broken) this.#failWith(this.#broken, "Close", () => this.exit());
    else if (stateId) this.#resume(stateId);
    else if (this.#updating) this.#choose(this.#session.institution);
    else this.#consent();
  }

  exit() {
    if (this.#linked) {
      this.#finish();
      return;
    }
    this.#turn += 1;
    this.#report.exit(this.#error, this.#status);
  }

  get #session() {
    return this.#report.session;
  }

  get #institution() {
    return this.#report.institution;
  }

  get #updating() {
    return this.#session.mode === "update";
  }

  #enter(pane, back = null) {
    this.#turn += 1;
    this.#status = this.#report.view(pane) ?? this.#status;
    this.#setBack(back);
  }

  // Show the waiting pane, ask, and go on with the answer if the user is still waiting for it.
  async #ask(title, question, { done, failed = (error) => this.#fail(error) }) {
    this.#enter("loading");
    show("loading", { title });
    const turn = this.#turn;
    try {
      const answer = await question();
      if (turn === this.#turn) done(answer);
    } catch (error) {
      if (turn === this.#turn) failed(error);
    }
  }

  #consent() {
    const name = this.#session.client_name;
    const actions = { continue: () => this.#institutions() };
    this.#enter("consent");
    show("consent", { client_name: name, client_initial: initial(name) }, { actions });
  }

  #institutions() {
    this.#report.institution = this.#error = null;
    this.#enter("institutions", () => this.#consent());
    showInstitutions(this.#session.institutions, {
      choose: (institution) => this.#choose(institution),
      searched: (text) => this.#report.event("SEARCH_INSTITUTION", { institution_search_query: text }),
    });
  }

  #choose(institution) {
    this.#report.institution = institution;
    this.#report.event("SELECT_INSTITUTION");
    this.#signIn();
  }

  #signIn() {
    if (this.#institution.oauth) this.#startOAuth();
    else this.#credentials();
  }

  get #backToBanks() {
    return this.#updating ? null : () => this.#institutions();
  }

  #credentials(problem = null, username = "") {
    this.#enter("credentials", this.#backToBanks);
    const submit = (user, password) => this.#authenticate(user, password);
    showCredentials(this.#institution, { submit, problem, username });
  }

  #authenticate(username, password) {
    const { name, institution_id: id } = this.#institution;
    this.#report.event("SUBMIT_CREDENTIALS");
    this.#ask(`Signing in to ${name}`, () => this.#api.authenticate(id, username, password), {
      done: (login) => this.#signedIn(login),
      failed: (error) => {
        if (!isAboutCredentials(error)) return this.#fail(error);
        this.#note(error);
        return this.#credentials(explain(error), username);
      },
    });
  }

  #startOAuth() {
    const { name, institution_id: id } = this.#institution;
    this.#ask(`Contacting ${name}`, () => this.#api.startOAuth(id), { done: (started) => this.#oauth(started) });
  }

  #oauth({ url, oauth_state_id: stateId }) {
    const redirected = Boolean(this.#session.redirect_uri);
    const text = redirected
      ? "You sign in on the bank's own page and come back here afterwards."
      : "You sign in in the bank's own window. This one waits for you.";
    const go = () => {
      this.#report.event("OPEN_OAUTH");
      if (redirected) this.#redirect(url);
      else this.#awaitBank(openBankWindow(url), stateId, pane);
    };
    this.#enter("oauth", this.#backToBanks);
    const pane = showOAuth(this.#institution, { text, go });
  }

  async #awaitBank(bank, stateId, pane) {
    warn(pane, bank ? null : "Your browser blocked the bank's window. Allow pop-ups for this page and try again.");
    if (!bank) return;
    const turn = this.#turn;
    const waiting = () => turn === this.#turn;
    try {
      const status = await untilApproved(bank, () => this.#api.readOAuth(stateId), waiting);
      if (status) this.#approved(status);
      else if (waiting()) {
        this.#report.event("FAIL_OAUTH");
        warn(pane, "The bank's window was closed before you finished there. You can open it again.");
      }
    } catch (error) {
      if (waiting()) this.#fail(error);
    }
  }

  #resume(stateId) {
    this.#ask("Coming back from your bank", () => this.#api.readOAuth(stateId), {
      done: (status) => {
        this.#report.institution = status.institution ?? this.#session.institution;
        if (status.approved) this.#approved(status);
        else this.#startOAuth();
      },
    });
  }

  #approved(status) {
    this.#report.event("CLOSE_OAUTH");
    this.#signedIn(status);
  }

  #signedIn({ auth_session, accounts }) {
    this.#error = null;
    this.#login = { auth_session, accounts };
    if (!this.#updating || this.#session.account_selection_enabled) this.#accounts();
    else this.#complete(accounts.map((account) => account.id));
  }

  #accounts() {
    this.#enter("accounts");
    showAccounts(this.#login.accounts, {
      clientName: this.#session.client_name,
      institution: this.#institution,
      submit: (ids) => this.#complete(ids),
    });
  }

  #complete(accountIds) {
    this.#ask("Connecting your accounts", () => this.#api.complete(this.#login.auth_session, accountIds), {
      done: (linked) => this.#succeed(linked),
    });
  }

  #succeed(linked) {
    this.#linked = linked;
    const title = this.#updating ? "Your connection works again" : `${this.#institution.name} is connected`;
    const text = `${this.#session.client_name} can now read your accounts and transactions.`;
    this.#enter("success");
    show("success", { title, text }, { actions: { finish: () => this.#finish() } });
  }

  #finish() {
    this.#turn += 1;
    this.#report.success(this.#linked);
    this.#linked = null;
  }

  #note(error) {
    this.#error = error;
    this.#report.error(error);
  }

  #fail(error) {
    if (isAboutBank(error) && !this.#updating) {
      this.#failWith(error, "Choose another bank", () => this.#institutions());
    } else this.#failWith(error, "Try again", () => (this.#institution ? this.#signIn() : this.#consent()));
  }

  #failWith(error, retryLabel, retry) {
    this.#note(error);
    this.#enter("error");
    const title = titleOf(error, this.#institution?.name);
    const slots = { title, text: explain(error), code: error.body.error_code, retry: retryLabel };
    show("error", slots, { actions: { retry, leave: () => this.exit() } });
  }
}
