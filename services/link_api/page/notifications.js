// What the user should know about the banks: notifications that stand, the unread ones marked. What needs the user stays
// here, quietly, until it is mended; what the page can do nothing about leaves once it is read.

import { byId, clone, fill, keepFocus, onAction, reconcile, whileBusy } from "./dom.js";
import { announce, complain } from "./notices.js";
import { moment, setAgo } from "./time.js";

const BUTTONS = { reconnect: "Reconnect", relink: "Connect again", add_accounts: "Choose accounts" };

const isUnread = (one) => one.read_at === null;
const isShown = (one) => isUnread(one) || one.action in BUTTONS;

function drawNotification(row, one) {
  const unread = isUnread(one);
  const label = BUTTONS[one.action] ?? null;
  row.notification = one;
  row.dataset.kind = one.kind;
  row.classList.toggle("unread", unread);
  fill(row, {
    unread: unread ? "Unread: " : null,
    title: one.title,
    message: one.message,
    due: one.due_at && `until ${moment(one.due_at)}`,
    action: label,
  });
  if (label) row.querySelector('[data-do="act"]').setAttribute("aria-label", `${label}: ${one.title}`);
  const read = row.querySelector('[data-do="read"]');
  read.hidden = !unread;
  read.setAttribute("aria-label", `Mark as read: ${one.title}`);
  setAgo(row.querySelector("time"), one.created_at);
}

export class Notifications {
  #api;
  #act;
  #items = [];
  #known = null;
  #request = 0;

  // actions.reconnect(integrationId) · actions.relink() · actions.add_accounts(integrationId)
  constructor(api, actions) {
    this.#api = api;
    this.#act = ({ action, integration_id: id }) => actions[action](id);
    byId("read-all").addEventListener("click", ({ currentTarget }) => whileBusy(currentTarget, this.#readAll));
    onAction(byId("notifications-failed"), { retry: (button) => whileBusy(button, this.refresh) });
  }

  refresh = async () => {
    this.#request += 1;
    const request = this.#request;
    try {
      const { items } = await this.#api.notifications();
      if (request === this.#request) this.#show(items);
    } catch (problem) {
      if (!problem.body) throw problem;
      if (request === this.#request && this.#known === null) this.#fail(problem); // else what stands stays
    }
  };

  draw = () => {
    const shown = this.#items.filter(isShown);
    const [section, list, failed] = [byId("notifications"), byId("notification-rows"), byId("notifications-failed")];
    keepFocus(section, list, () => {
      reconcile(list, shown, { key: (one) => one.id, create: () => this.#create(), update: drawNotification });
      list.hidden = shown.length === 0;
      section.hidden = list.hidden && failed.hidden;
      byId("read-all").hidden = shown.filter(isUnread).length < 2;
    });
  };

  #create() {
    const row = clone("notification");
    onAction(row, {
      act: (button) => whileBusy(button, () => this.#act(row.notification)),
      read: (button) => whileBusy(button, () => this.#read(row.notification)),
    });
    return row;
  }

  #show(items) {
    const news = items.filter((one) => isUnread(one) && this.#known && !this.#known.has(one.id));
    this.#known = new Set(items.map((one) => one.id));
    this.#items = items;
    byId("notifications-failed").hidden = true;
    this.draw();
    if (news.length) announce(news.map((one) => one.title).join(". "));
  }

  #fail(problem) {
    const failed = fill(byId("notifications-failed"), { problem: problem.words });
    failed.hidden = false;
    this.draw();
  }

  async #read(one) {
    await this.#mark(() => this.#api.readNotification(one.id), (other) => other.id === one.id);
  }

  #readAll = async () => {
    const last = Math.max(...this.#items.map((one) => one.id));
    await this.#mark(() => this.#api.readNotifications(last), (one) => one.id <= last);
  };

  async #mark(request, isMeant) {
    try {
      await request();
    } catch (problem) {
      if (!problem.body) throw problem;
      complain(problem);
      return;
    }
    const now = new Date().toISOString();
    this.#items = this.#items.map((one) => (isMeant(one) && isUnread(one) ? { ...one, read_at: now } : one));
    this.draw();
    this.refresh();
  }
}
