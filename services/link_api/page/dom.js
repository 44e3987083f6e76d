// Templates, slots and keyed lists: the little that a page needs instead of a framework.

export const byId = (id) => document.getElementById(id);

// Writes text into the elements marked data-slot; null hides them.
export function fill(root, slots) {
  for (const [name, value] of Object.entries(slots)) {
    for (const place of root.querySelectorAll(`[data-slot="${name}"]`)) {
      const text = value === null || value === undefined ? "" : String(value);
      if (place.textContent !== text) place.textContent = text;
      place.hidden = text === "";
    }
  }
  return root;
}

export const clone = (templateId) => byId(templateId).content.firstElementChild.cloneNode(true);

// Shows, of the children marked data-when, those that name this state.
export function showState(section, state) {
  section.dataset.state = state;
  section.setAttribute("aria-busy", String(state === "loading"));
  for (const part of section.querySelectorAll("[data-when]")) {
    part.hidden = !part.dataset.when.split(" ").includes(state);
  }
}

// Makes the children of `parent` those of `items`, keeping the elements (so their focus) of keys that stay.
export function reconcile(parent, items, { key, create, update }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const made = [];
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = old.get(name);
    if (element) old.delete(name);
    else {
      element = create(item);
      element.dataset.key = name;
      made.push(element);
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const gone of old.values()) gone.remove();
  return made;
}

// Who reads by keyboard goes on where he was: at the child that took the place, else at the one before it.
export function keepFocus(section, list, change) {
  const focused = document.activeElement;
  const at = [...list.children].findIndex((child) => child.contains(focused));
  const wasHere = section.contains(focused);
  change();
  if (!wasHere || (focused.isConnected && !focused.closest("[hidden]"))) return;
  const child = list.children[Math.min(Math.max(at, 0), list.children.length - 1)];
  (child?.querySelector("button:not([hidden])") ?? byId("main")).focus();
}

export function onAction(root, actions) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button && root.contains(button) && button.ariaDisabled !== "true") actions[button.dataset.do]?.(button);
  });
}

// Runs the work of a button once at a time. The button is not disabled meanwhile: it would lose the focus.
export async function whileBusy(button, work) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    await work();
  } finally {
    button.ariaBusy = null;
  }
}

// Runs when nothing has been asked for `wait` milliseconds: for what is typed.
export function debounce(run, wait) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, wait);
  };
}

// Runs at most once per `wait` milliseconds and never twice at a time; what is asked meanwhile is one more run.
export function coalesce(run, wait) {
  let timer = null;
  let busy = false;
  let again = false;
  return function ask() {
    if (busy) {
      again = true;
      return;
    }
    timer ??= setTimeout(async () => {
      timer = null;
      busy = true;
      again = false;
      await run();
      busy = false;
      if (again) ask();
    }, wait);
  };
}
