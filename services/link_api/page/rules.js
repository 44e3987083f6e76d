// The user's rules: what each means in words, and how to end one. They are made where an expense is filed.

import { byId, clone, fill, keepFocus, onAction, reconcile, whileBusy } from "./dom.js";
import { format } from "./money.js";
import { complain, tell } from "./notices.js";
import { Panel } from "./panel.js";

// The conditions of a rule as a phrase: "home depot", from $10.00, Checking.
export function conditionsOf({ conditions }) {
  const { contains, equals, min_amount: least, max_amount: most, currency, account, money } = conditions;
  return [
    contains && `“${contains}”`,
    equals && `exactly “${equals}”`,
    least && `from ${format(least, currency)}`,
    most && `up to ${format(most, currency)}`,
    account?.name,
    money && (money === "in" ? "money in" : "money out"),
  ]
    .filter(Boolean)
    .join(", ");
}

function drawRule(row, rule) {
  row.rule = rule;
  fill(row, { conditions: `${conditionsOf(rule)} is`, category: rule.category.name });
  row.querySelector(".chip").dataset.group = rule.category.group;
  row.querySelector("button").setAttribute("aria-label", `End the rule ${conditionsOf(rule)} is ${rule.category.name}`);
}

async function remove(api, rule, refresh) {
  try {
    await api.deleteRule(rule.id);
  } catch (problem) {
    if (!problem.body) throw problem;
    complain(problem);
    return;
  }
  tell("The rule is gone. What it decided stays as it is.");
  await refresh();
}

export function createRules(api) {
  const [section, list] = [byId("rules"), byId("rule-rows")];
  const create = () => {
    const row = clone("rule-row");
    onAction(row, { remove: (button) => whileBusy(button, () => remove(api, row.rule, panel.refresh)) });
    return row;
  };
  const panel = new Panel(section, {
    read: api.rules,
    draw: (rules) => {
      keepFocus(section, list, () => reconcile(list, rules, { key: (one) => one.id, create, update: drawRule }));
      return rules.length > 0;
    },
  });
  return panel;
}
