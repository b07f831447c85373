/* global Chart */
import { element } from "/common/dom.js";
import { dollars, table, whole } from "./frame.js";

/** Charts by Chart.js, each with a table of the same figures for who cannot see it. */

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param {string} title
 * @param {string} summary what a screen reader hears in place of the picture
 * @param {Object} config Chart.js's
 * @param {Node} figures the table
 */
function chart(title, summary, config, figures) {
  const canvas = element("canvas", { role: "img", "aria-label": summary });
  const node = element("figure", { class: "card" }, element("h3", null, title), element("div", { class: "canvas" }, canvas),
    element("details", null, element("summary", null, "The figures"), figures));
  const draw = () => {
    const ink = colour("--quiet"), line = colour("--line");
    const axis = { ticks: { color: ink }, grid: { color: line } };
    return new Chart(canvas, {
      ...config(),
      options: {
        responsive: true, maintainAspectRatio: false, animation: false, ...(config().options ?? {}),
        scales: Object.fromEntries(Object.entries(config().options?.scales ?? { x: {}, y: {} }).map(([name, own]) => [name, { beginAtZero: true, ...axis, ...own, ticks: { ...axis.ticks, ...(own.ticks ?? {}) } }])),
        plugins: { legend: { labels: { color: colour("--text") } } },
      },
    });
  };
  let drawn;
  requestAnimationFrame(() => (drawn = draw()));
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", function redraw() {
    drawn?.destroy();
    // Figures of another time have taken its place.
    if (canvas.isConnected) drawn = draw();
    else scheme.removeEventListener("change", redraw);
  });
  return node;
}

const moment = (interval) => (each) => new Intl.DateTimeFormat("en", interval === "hour"
  ? { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" } : { month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(each.at));

const bars = (labels, sets, options = {}) => () => ({ type: "bar", data: { labels, datasets: sets() }, options });

/** Volume and delivery over time. */
export function volume({ series, interval }) {
  const when = moment(interval);
  const pending = (each) => Math.max(0, each.sent - each.delivered - each.failed);
  const sum = (key) => series.reduce((total, each) => total + each[key], 0);
  return chart("Volume and delivery, times in UTC", `${whole(sum("sent"))} messages sent, ${whole(sum("delivered"))} delivered, ${whole(sum("failed"))} not delivered`,
    bars(series.map(when), () => [
      { label: "Delivered", data: series.map((each) => each.delivered), backgroundColor: colour("--accent"), maxBarThickness: 40 },
      { label: "On their way", data: series.map(pending), backgroundColor: colour("--edge"), maxBarThickness: 40 },
      { label: "Not delivered", data: series.map((each) => each.failed), backgroundColor: colour("--bad"), maxBarThickness: 40 },
    ], { scales: { x: { stacked: true }, y: { stacked: true, ticks: { precision: 0 } } } }),
    table("Times are UTC", [["Time", when], ["Sent", (each) => whole(each.sent), "number"], ["Delivered", (each) => whole(each.delivered), "number"], ["Not delivered", (each) => whole(each.failed), "number"]], series, "No messages in this time."));
}

/** How many of the messages over time were codes that somebody used, and what all of them cost. */
export function conversion({ series, interval }) {
  const when = moment(interval);
  return chart("Codes used, and cost, times in UTC", `${whole(series.reduce((total, each) => total + each.codesUsed, 0))} codes used, ${dollars(series.reduce((total, each) => total + each.microdollars, 0))} spent`,
    () => ({ data: { labels: series.map(when), datasets: [
      { type: "bar", label: "Codes used", data: series.map((each) => each.codesUsed), backgroundColor: colour("--accent"), maxBarThickness: 40, yAxisID: "y", order: 1 },
      { type: "line", label: "Cost in dollars", data: series.map((each) => each.microdollars / 1e6), borderColor: colour("--warn"), backgroundColor: colour("--warn"), pointRadius: 2, yAxisID: "cost", order: 0 },
    ] }, options: { scales: { x: {}, y: { ticks: { precision: 0 } }, cost: { position: "right", grid: { drawOnChartArea: false } } } } }),
    table("Times are UTC", [["Time", when], ["Codes used", (each) => whole(each.codesUsed), "number"], ["Cost", (each) => dollars(each.microdollars), "number"]], series, "No messages in this time."));
}

const shares = (name) => [[name, (each) => each.name], ["Sent", (each) => whole(each.sent), "number"], ["Delivered", (each) => whole(each.delivered), "number"],
  ["Not delivered", (each) => whole(each.failed), "number"], ["Codes used", (each) => whole(each.codesUsed), "number"], ["Cost", (each) => dollars(each.microdollars), "number"], ["Success", (each) => each.successRate, "number"]];

/** What each country costs, the dearest first. */
export function costs({ byCountry }) {
  const dearest = [...byCountry].sort((a, b) => b.microdollars - a.microdollars).slice(0, 10);
  return chart("Cost by country", dearest.map((each) => `${each.name} ${dollars(each.microdollars)}`).join(", ") || "Nothing was spent",
    bars(dearest.map((each) => each.name), () => [{ label: "Cost in dollars", data: dearest.map((each) => each.microdollars / 1e6), backgroundColor: colour("--accent"), maxBarThickness: 40 }], { indexAxis: "y" }),
    table("All countries", shares("Country"), byCountry, "No messages in this time."));
}

/** What became of the messages of each provider. */
export function delivery({ byProvider }) {
  return chart("Delivery by provider", byProvider.map((each) => `${each.name} ${each.successRate}`).join(", ") || "No messages in this time",
    bars(byProvider.map((each) => each.name), () => [
      { label: "Delivered", data: byProvider.map((each) => each.delivered), backgroundColor: colour("--accent"), maxBarThickness: 40 },
      { label: "Not delivered", data: byProvider.map((each) => each.failed), backgroundColor: colour("--bad"), maxBarThickness: 40 },
    ], { scales: { x: { stacked: true }, y: { stacked: true, ticks: { precision: 0 } } } }),
    table("All providers", shares("Provider"), byProvider, "No messages in this time."));
}
