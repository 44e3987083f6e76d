// Spending by category, one chart per currency: amounts of different money are never added.

import { clone, fill, reconcile } from "./dom.js";
import { format, nameOf, share, sum } from "./money.js";
import { daysAgo } from "./time.js";

const PERIODS = { month: 30, year: 365 };

export function spanOf(period) {
  const days = PERIODS[period];
  return days ? [daysAgo(days), daysAgo(0)] : [null, null];
}

const percent = new Intl.NumberFormat(undefined, { style: "percent" });

export const moneyOf = ({ currency, unofficial_currency: unofficial }) => currency ?? unofficial ?? "";

function drawCategory(row, item, { longest, total }) {
  const part = share(item.amount, total) / 1000;
  const noun = item.count === 1 ? "expense" : "expenses";
  fill(row, {
    category: item.category.name,
    amount: format(item.amount, item.currency, item.unofficial_currency),
    detail: `${item.count} ${noun}${part >= 0.01 ? `, ${percent.format(part)}` : ""}`,
  });
  const bar = row.querySelector(".bar");
  bar.dataset.group = item.category.group;
  bar.style.setProperty("--share", `${share(item.amount, longest) / 10}%`);
}

function drawChart(chart, { items, currency, unofficial_currency: unofficial }) {
  const total = sum(items.map((item) => item.amount));
  const longest = items[0].amount;
  fill(chart, { currency: nameOf(currency, unofficial), total: format(total, currency, unofficial) });
  reconcile(chart.querySelector("ol"), items, {
    key: (item) => item.category.slug,
    create: () => clone("category-row"),
    update: (row, item) => drawCategory(row, item, { longest, total }),
  });
}

export function byCurrency(items) {
  const charts = new Map();
  for (const item of items) {
    const key = moneyOf(item);
    const chart = charts.get(key) ?? { currency: item.currency, unofficial_currency: item.unofficial_currency, items: [] };
    chart.items.push(item);
    charts.set(key, chart);
  }
  return [...charts.values()].sort((one, other) => other.items.length - one.items.length);
}

// `items` as the API sorts them: largest first.
export function drawSpending(list, items) {
  reconcile(list, byCurrency(items), {
    key: moneyOf,
    create: () => clone("chart"),
    update: drawChart,
  });
}
