// The stand-in's endpoints behind Link. Every failure, the network's too, is a LinkError with Plaid's error body.

const UNREACHABLE = {
  error_type: "API_ERROR",
  error_code: "INTERNAL_SERVER_ERROR",
  error_message: "the stand-in could not be reached or did not answer in JSON",
  display_message: "We cannot be reached at the moment. Check your connection and try again.",
};

export class LinkError extends Error {
  constructor(body) {
    super(body.error_message);
    this.body = body;
  }

  // What Plaid hands to onExit: these members and no others.
  get forExit() {
    const { error_type, error_code, error_message, display_message = null } = this.body;
    return { error_type, error_code, error_message, display_message };
  }
}

async function request(path, options = {}) {
  let body;
  let response;
  try {
    response = await fetch(path, options);
    body = response.status === 204 ? {} : await response.json();
  } catch {
    throw new LinkError(UNREACHABLE);
  }
  if (!response.ok) throw new LinkError(body.error_code ? body : UNREACHABLE);
  return body;
}

const get = (path, query) => request(`${path}?${new URLSearchParams(query)}`);

const post = (path, body, options = {}) =>
  request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    ...options,
  });

// Telling must never disturb the user: it may outlive the page, and its failure has no consequence.
const tell = (path, body) => post(path, body, { keepalive: true }).catch(() => undefined);

export const createApi = (link_token) => ({
  readSession: () => get("session", { link_token }),
  authenticate: (institution_id, username, password) =>
    post("session/authenticate", { link_token, institution_id, username, password }),
  complete: (auth_session, account_ids) => post("session/complete", { link_token, auth_session, account_ids }),
  startOAuth: async (institution_id) => {
    const started = await post("oauth/start", { link_token, institution_id });
    return { ...started, url: new URL(started.url, document.baseURI).href };
  },
  readOAuth: (oauth_state_id) => get("oauth/status", { link_token, oauth_state_id }),
  tellEvent: (event_name, metadata) => tell("session/event", { link_token, event_name, metadata }),
  tellExit: (error, metadata) => tell("session/exit", { link_token, error, metadata }),
});

export const approve = (auth_session) => post("approve", { auth_session });
