// Spending by month: bars for the eye, the same figures as a table for everyone. One chart per currency.

import { clone, fill, reconcile } from "./dom.js";
import { format, isMore, nameOf, share } from "./money.js";
import { byCurrency, moneyOf } from "./spending.js";
import { monthName } from "./time.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, BASE, TOP] = [336, 132, 18];
const GAP = 0.34; // of a bar's room
const ROUND = 3;

function shape(name, attributes, text = null) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

const moneyIn = (item) => format(item.amount, item.currency, item.unofficial_currency);

function bar(item, { at, room, longest, last }) {
  const height = (share(item.amount, longest) / 1000) * (BASE - TOP);
  const x = at * room + (room * GAP) / 2;
  const width = room * (1 - GAP);
  const group = shape("g", { class: last ? "month now" : "month" });
  group.append(shape("title", {}, `${monthName(item.month, "long")}: ${moneyIn(item)}`));
  group.append(shape("rect", { class: "room", x: at * room, y: TOP, width: room, height: BASE - TOP }));
  group.append(shape("rect", { class: "bar-of-month", x, y: BASE - height, width, height, rx: ROUND }));
  const label = { x: x + width / 2, y: BASE + 15, "text-anchor": "middle" };
  group.append(shape("text", label, monthName(item.month, "narrow")));
  return group;
}

function drawBars(svg, items, most) {
  const room = WIDTH / items.length;
  const bars = items.map((item, at) => bar(item, { at, room, longest: most.amount, last: at === items.length - 1 }));
  const line = shape("line", { class: "base", x1: 0, x2: WIDTH, y1: BASE, y2: BASE });
  const ceiling = shape("line", { class: "ceiling", x1: 0, x2: WIDTH, y1: TOP, y2: TOP });
  svg.replaceChildren(ceiling, shape("text", { x: 0, y: TOP - 6 }, moneyIn(most)), ...bars, line);
}

function drawRow(row, item) {
  fill(row, { month: monthName(item.month, "long"), count: item.count, amount: moneyIn(item) });
}

const larger = (one, other) => (isMore(other.amount, one.amount) ? other : one);

function drawChart(chart, { items, currency, unofficial_currency: unofficial }) {
  const most = items.reduce(larger);
  const now = items.at(-1);
  const svg = chart.querySelector("svg");
  fill(chart, { currency: nameOf(currency, unofficial), now: moneyIn(now), month: `in ${monthName(now.month, "long")}` });
  svg.setAttribute(
    "aria-label",
    `Spending by month in ${nameOf(currency, unofficial)}, ${items.length} months; most in ` +
      `${monthName(most.month, "long")}: ${moneyIn(most)}. The table below has every month.`,
  );
  drawBars(svg, items, most);
  const newestFirst = items.toReversed();
  const rows = { key: (item) => item.month, create: () => clone("month-row"), update: drawRow };
  reconcile(chart.querySelector("tbody"), newestFirst, rows);
}

// `items` as the API sorts them: oldest first, every month there.
export function drawMonths(list, items) {
  reconcile(list, byCurrency(items), { key: moneyOf, create: () => clone("months-chart"), update: drawChart });
}
