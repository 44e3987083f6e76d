// One call to link_api. Every failure is a Problem: the server's problem+json, or one of the same shape made here.

const UNREACHABLE = {
  status: 0,
  code: "unreachable",
  detail: "We cannot reach the server. Check your connection; what you did is not lost.",
  retryable: true,
};
const UNREADABLE = "The server gave an answer that we cannot read. Try again.";
const LONGEST_WAIT_S = 60;
const AGAIN_MS = 1_000;

export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.body = body;
  }

  get code() {
    return this.body.code;
  }

  // Sentences for people: the bank's own words where Plaid passes them on, then what can be done now.
  get words() {
    const said = this.body.plaid?.display_message || this.body.detail || "Something went wrong. Try again.";
    return [said, this.body.next_step].filter(Boolean).join(" ");
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
    return { ...UNREACHABLE, status: response.status, detail: UNREADABLE };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A name for one intention: sent again under it, a request is done once (crypto.randomUUID needs https).
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function headersOf(token, method, { body, tag }) {
  const headers = { Authorization: `Bearer ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = newKey();
  if (tag) headers["If-Match"] = tag;
  return headers;
}

// Returns call(method, path, {body, tag}) → Response; a call that was refused for its number, and a POST whose answer
// was lost, is sent once more by itself. on.signedOut() · on.waiting(seconds), before a wait that the user may notice.
export function createCaller(token, on) {
  const send = async (path, options) => {
    try {
      return await fetch(`/api/${path}`, options);
    } catch {
      return null;
    }
  };

  async function sendAgain(response, path, options) {
    if (response === null) await pause(AGAIN_MS);
    else {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      if (seconds > LONGEST_WAIT_S) return response;
      on.waiting(seconds);
      await pause(seconds * 1000);
    }
    return send(path, options);
  }

  return async function call(method, path, wish = {}) {
    const options = { method, headers: headersOf(token, method, wish), body: wish.body && JSON.stringify(wish.body) };
    let response = await send(path, options);
    const lost = response === null && method === "POST";
    if (lost || response?.status === 429) response = await sendAgain(response, path, options);
    if (response === null) throw new Problem(UNREACHABLE);
    if (response.status === 401) on.signedOut();
    if (!response.ok) throw new Problem(await readProblem(response));
    return response;
  };
}
