// link_api as functions. Every failure is a Problem: the server's problem+json, or one of the same shape made here.

const UNREACHABLE = {
  status: 0,
  code: "unreachable",
  detail: "We cannot reach the server. Check your connection; what you did is not lost.",
  retryable: true,
};

export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.body = body;
  }

  get code() {
    return this.body.code;
  }

  // A sentence for people: the bank's own words where Plaid passes them on.
  get words() {
    return this.body.plaid?.display_message || this.body.detail || "Something went wrong. Try again.";
  }

  // What support needs to find it at Plaid.
  get reference() {
    return this.body.plaid?.request_id ?? null;
  }
}

async function readProblem(response) {
  try {
    return { status: response.status, ...(await response.json()) };
  } catch {
    return { ...UNREACHABLE, status: response.status, detail: "The server gave an answer that we cannot read. Try again." };
  }
}

export function createApi(token, signedOut) {
  async function call(method, path, body) {
    const headers = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(`/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
    } catch {
      throw new Problem(UNREACHABLE);
    }
    if (response.status === 401) signedOut();
    if (!response.ok) throw new Problem(await readProblem(response));
    return response.status === 204 ? null : response.json();
  }

  async function readAll(path) {
    const items = [];
    let cursor = null;
    do {
      const page = await call("GET", cursor ? `${path}?${new URLSearchParams({ cursor })}` : path);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  const query = (path, values) => {
    const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
    return call("GET", `${path}?${new URLSearchParams(given)}`);
  };

  return {
    createLinkToken: (integration_id) =>
      call("POST", "plaid/create_link_token", integration_id === null ? {} : { integration_id }),
    exchange: (public_token, metadata, allow_duplicate) =>
      call("POST", "plaid/exchange_public_token", { public_token, metadata, allow_duplicate }),
    integrations: () => readAll("plaid/integrations"),
    accounts: () => readAll("plaid/accounts"),
    sync: (id) => call("POST", `plaid/integrations/${id}/sync`, {}),
    repaired: (id) => call("POST", `plaid/integrations/${id}/repaired`, {}),
    disconnect: (id) => call("DELETE", `plaid/integrations/${id}`),
    expenses: (limit, cursor) => query("expenses", { limit, cursor }),
    spending: (from, to) => query("expenses/summary", { from, to }),
    notifications: () => call("GET", "notifications"),
    readNotification: (id) => call("POST", `notifications/${id}/read`),
    readNotifications: (up_to) => call("POST", "notifications/read", { up_to }),
    pending: () => query("transactions", { pending: true }),
  };
}
