// The user's event stream, read with fetch because EventSource cannot carry a bearer token. Events are hints: whoever
// hears one asks the API for the truth.

const SILENCE_MS = 40_000; // the server beats every 15 s
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

// Returns a function that takes text as it comes and reports each whole event of a text/event-stream.
export function createParser(report) {
  let rest = "";
  let event = {};
  const take = (line) => {
    if (line === "") {
      if (event.data !== undefined) report({ type: event.event ?? "message", id: event.id ?? null, data: event.data });
      event = {};
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === "data") event.data = event.data === undefined ? value : `${event.data}\n${value}`;
    else if (field) event[field] = value;
  };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n/);
    rest = lines.pop();
    lines.forEach(take);
  };
}

const pause = (ms, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

const backOff = (failures) => {
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return ceiling * (0.5 + Math.random() / 2);
};

export class EventStream {
  #token;
  #heard;
  #opened;
  #lost;
  #signedOut;
  #lastId = null;
  #stop = null;

  // heard(type, data) · opened(resumed) · lost(failures in a row) · signedOut()
  constructor(token, { heard, opened, lost, signedOut }) {
    this.#token = token;
    this.#heard = heard;
    this.#opened = opened;
    this.#lost = lost;
    this.#signedOut = signedOut;
  }

  start() {
    if (this.#stop) return;
    this.#stop = new AbortController();
    this.#run(this.#stop.signal);
  }

  stop() {
    this.#stop?.abort();
    this.#stop = null;
  }

  async #run(signal) {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#read(signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401) {
          this.#signedOut();
          return;
        }
      }
      if (signal.aborted) return;
      failures += 1;
      this.#lost(failures);
      await pause(backOff(failures), signal);
    }
  }

  async #read(signal, connected) {
    const connection = new AbortController();
    const end = () => connection.abort();
    signal.addEventListener("abort", end);
    let silence = setTimeout(end, SILENCE_MS);
    try {
      const response = await this.#connect(connection.signal);
      connected();
      this.#opened(this.#lastId !== null);
      const feed = createParser((event) => this.#take(event));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        feed(part.value);
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", end);
    }
  }

  async #connect(signal) {
    const headers = { Authorization: `Bearer ${this.#token}`, Accept: "text/event-stream" };
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    const response = await fetch("/api/events", { headers, signal, cache: "no-store" });
    if (!response.ok) throw Object.assign(new Error("no event stream"), { status: response.status });
    return response;
  }

  #take({ type, id, data }) {
    if (id !== null) this.#lastId = id;
    this.#heard(type, JSON.parse(data));
  }
}
