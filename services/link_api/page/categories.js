// What an expense can be: read once, offered in groups.

const KINDS = { personal: "Personal", nonexpense: "Not an expense" };

export class Categories {
  #api;
  #items = [];
  #reading = null;

  constructor(api) {
    this.#api = api;
  }

  // Reads them, unless they are known. Throws a Problem.
  async load() {
    if (this.#items.length) return;
    this.#reading ??= this.#api.categories();
    try {
      this.#items = await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  find(slug) {
    return this.#items.find((one) => one.slug === slug);
  }

  slugsExcept(slug) {
    return this.#items.map((one) => one.slug).filter((one) => one !== slug);
  }

  // Offers all of them after what the select says already.
  offer(select) {
    const groups = new Map();
    for (const one of this.#items) {
      const group = KINDS[one.kind] ?? one.group;
      groups.set(group, [...(groups.get(group) ?? []), one]);
    }
    for (const [label, items] of groups) select.append(groupOf(label, items));
  }
}

function groupOf(label, items) {
  const group = document.createElement("optgroup");
  group.label = label;
  group.append(...items.map(({ name, slug }) => new Option(name, slug)));
  return group;
}
