// What a session tells the embedding page (onEvent, onExit) and the stand-in's records, in Plaid's words.

// Plaid's names: of the view, and of the status when the user leaves from it (null: as before).
const VIEWS = {
  consent: ["CONSENT", null],
  institutions: ["SELECT_INSTITUTION", "institution_not_found"],
  credentials: ["CREDENTIAL", "requires_credentials"],
  oauth: ["OAUTH", "requires_oauth"],
  accounts: ["SELECT_ACCOUNT", "requires_account_selection"],
  loading: ["LOADING", null],
  success: ["CONNECTED", null],
  error: ["ERROR", null],
};

export class Report {
  session = null;
  institution = null;
  #api;
  #host;

  constructor(api, host) {
    this.#api = api;
    this.#host = host;
  }

  event(name, more = {}) {
    const metadata = {
      link_session_id: this.session?.link_session_id ?? null,
      institution_id: this.institution?.institution_id ?? null,
      institution_name: this.institution?.name ?? null,
      is_update_mode: String(this.session?.mode === "update"),
      timestamp: new Date().toISOString(),
      ...more,
    };
    this.#host.event(name, metadata);
    this.#api.tellEvent(name, metadata);
  }

  // Returns the exit status of the view, if it has one.
  view(pane) {
    const [view_name, status] = VIEWS[pane];
    this.event("TRANSITION_VIEW", { view_name });
    return status;
  }

  error(failure) {
    this.event("ERROR", { ...failure.forExit, request_id: failure.body.request_id ?? null });
  }

  exit(failure, status) {
    const error = failure?.forExit ?? null;
    const { name, institution_id } = this.institution ?? {};
    const metadata = {
      institution: this.institution && { name, institution_id },
      status,
      link_session_id: this.session?.link_session_id ?? null,
      request_id: failure?.body.request_id ?? null,
    };
    this.event("EXIT", { ...error, exit_status: status });
    this.#api.tellExit(error, metadata);
    this.#host.exit(error, metadata);
  }

  success({ public_token, metadata }) {
    this.event("HANDOFF");
    this.#host.succeed(public_token, metadata);
  }
}
