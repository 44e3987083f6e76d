// Shows one pane at a time from the templates of the page, with the focus where reading goes on.

const stage = document.getElementById("stage");
const canHover = window.matchMedia("(pointer: fine)");

export function initial(name) {
  return (name ?? "?").trim().charAt(0).toUpperCase();
}

// Writes text into the slots of a clone; a slot whose value is null stays hidden.
export function clone(id, slots) {
  const content = document.getElementById(id).content.cloneNode(true);
  for (const [name, value] of Object.entries(slots)) {
    for (const place of content.querySelectorAll(`[data-slot="${name}"]`)) {
      place.textContent = value ?? "";
      place.hidden = value === null;
    }
  }
  return content;
}

export function paint(element, color) {
  if (color) element.style.setProperty("--brand", color);
}

// Replaces the pane. `focus` names the field that a mouse user wants first; touch and screen readers start at the heading.
export function show(name, slots = {}, { actions = {}, focus } = {}) {
  const pane = document.createElement("section");
  pane.className = "pane";
  pane.dataset.pane = name;
  pane.append(clone(`pane-${name}`, slots));
  for (const [action, run] of Object.entries(actions)) {
    for (const button of pane.querySelectorAll(`[data-do="${action}"]`)) button.addEventListener("click", run);
  }
  stage.replaceChildren(pane);
  const field = canHover.matches && focus ? pane.querySelector(focus) : null;
  (field ?? pane.querySelector("h1")).focus({ preventScroll: true });
  stage.scrollTop = 0;
  return pane;
}

export function warn(pane, text) {
  const alert = pane.querySelector('[data-slot="alert"]');
  alert.textContent = text ?? "";
  alert.hidden = !text;
}
