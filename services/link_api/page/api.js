// link_api as functions, each of which answers data or throws a Problem.

import { createCaller } from "./requests.js";

// The parameters that are given, as a query; a list gives its name several times.
function queryOf(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  return query.size ? `?${query}` : "";
}

const linkRequest = ({ integrationId = null, selectAccounts = false } = {}) => {
  if (integrationId === null) return {};
  return { integration_id: integrationId, ...(selectAccounts && { account_selection_enabled: true }) };
};

export function createApi(token, on) {
  const call = createCaller(token, on);
  const json = async (method, path, body) => {
    const response = await call(method, path, { body });
    return response.status === 204 ? null : response.json();
  };
  const get = (path, values = {}) => json("GET", path + queryOf(values));
  const post = (path, body) => json("POST", path, body);

  async function readAll(path) {
    const items = [];
    let cursor = null;
    do {
      const page = await get(path, { cursor });
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    return items;
  }

  // An expense comes with the tag of its state; who edits it sends the tag, and is refused if it has changed since.
  const tagged = async (method, id, wish) => {
    const response = await call(method, `expenses/${id}`, wish);
    return { expense: await response.json(), tag: response.headers.get("ETag") };
  };

  return {
    createLinkToken: (wish) => post("plaid/create_link_token", linkRequest(wish)),
    resumeLink: (state) => post("plaid/resume_link", { state }),
    reportLink: (event) => post("plaid/link_events", event),
    exchange: (public_token, metadata, allow_duplicate) =>
      post("plaid/exchange_public_token", { public_token, metadata, allow_duplicate }),
    integrations: () => readAll("plaid/integrations"),
    accounts: () => readAll("plaid/accounts"),
    enableAccount: (id, enabled) => json("PATCH", `plaid/accounts/${id}`, { enabled }),
    sync: (id) => post(`plaid/integrations/${id}/sync`, {}),
    repaired: (id) => post(`plaid/integrations/${id}/repaired`, {}),
    disconnect: (id) => json("DELETE", `plaid/integrations/${id}`),
    categories: () => readAll("categories"),
    expenses: (filters, limit, cursor) => get("expenses", { ...filters, limit, cursor }),
    expense: (id) => tagged("GET", id),
    editExpense: (id, tag, changes) => tagged("PATCH", id, { tag, body: changes }),
    explain: (id) => get(`expenses/${id}/explain`),
    recategorise: (wish) => post("expenses/recategorise", wish),
    undoRecategorisation: (id) => post(`expenses/recategorise/${id}/undo`),
    rules: () => readAll("category-rules"),
    makeRule: (conditions, category) => post("category-rules", { conditions, category }),
    deleteRule: (id) => json("DELETE", `category-rules/${id}`),
    exportExpenses: async (filters) => (await call("GET", `expenses.csv${queryOf(filters)}`)).blob(),
    spending: (from, to) => get("expenses/summary", { from, to }),
    spendingByMonth: (from, to) => get("expenses/summary", { by: "month", from, to }),
    notifications: () => get("notifications"),
    readNotification: (id) => post(`notifications/${id}/read`),
    readNotifications: (up_to) => post("notifications/read", { up_to }),
    pending: () => get("transactions", { pending: true }),
    feedback: () => get("feedback"),
    rate: (rating, comment = null) => post("feedback", { rating, comment }),
  };
}
