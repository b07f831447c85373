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

const pending = (each) => Math.max(0, each.sent - each.delivered - each.failed);
const bar = (label, data, tone) => ({ label, data, backgroundColor: colour(tone), maxBarThickness: 40 });
const whatBecame = (list) => () => [
  bar("Delivered", list.map((each) => each.delivered), "--accent"), bar("On their way", list.map(pending), "--edge"),
  bar("Not delivered", list.map((each) => each.failed), "--bad"),
];
const STACKED = { scales: { x: { stacked: true }, y: { stacked: true, ticks: { precision: 0 } } } };

/** Volume and delivery over time. */
export function volume({ series, interval }) {
  const when = moment(interval);
  const sum = (key) => series.reduce((total, each) => total + each[key], 0);
  return chart("Volume and delivery, times in UTC", `${whole(sum("sent"))} messages sent, ${whole(sum("delivered"))} delivered, ${whole(sum("failed"))} not delivered`,
    bars(series.map(when), whatBecame(series), STACKED),
    table("Times are UTC", [["Time", when], ["Sent", (each) => whole(each.sent), "number"], ["Delivered", (each) => whole(each.delivered), "number"], ["Not delivered", (each) => whole(each.failed), "number"]], series, "No messages in this time."));
}

const rate = (each) => (each.codesSent ? Math.round((each.codesUsed / each.codesSent) * 1000) / 10 : null);
const percent = (each) => (rate(each) === null ? "–" : `${rate(each)}%`);

/** How many of the codes over time were used. */
export function conversion({ series, interval, conversion: all }) {
  const when = moment(interval);
  return chart("Conversion of codes, times in UTC", `${whole(all.codesUsed)} of ${whole(all.codesSent)} codes used, ${all.rate}`,
    () => ({ data: { labels: series.map(when), datasets: [
      { type: "bar", ...bar("Codes sent", series.map((each) => each.codesSent), "--edge"), yAxisID: "y", order: 1 },
      { type: "bar", ...bar("Codes used", series.map((each) => each.codesUsed), "--accent"), yAxisID: "y", order: 1 },
      { type: "line", label: "Used, %", data: series.map(rate), borderColor: colour("--warn"), backgroundColor: colour("--warn"), pointRadius: 2, spanGaps: true, yAxisID: "rate", order: 0 },
    ] }, options: { scales: { x: {}, y: { ticks: { precision: 0 } }, rate: { position: "right", max: 100, grid: { drawOnChartArea: false } } } } }),
    table("Times are UTC", [["Time", when], ["Codes sent", (each) => whole(each.codesSent), "number"], ["Codes used", (each) => whole(each.codesUsed), "number"], ["Conversion", percent, "number"]], series, "No messages in this time."));
}

/** What all messages over time cost. */
export function spending({ series, interval, cost }) {
  const when = moment(interval);
  return chart("Cost, times in UTC", `${dollars(cost.microdollars)} spent`,
    bars(series.map(when), () => [bar("Cost in dollars", series.map((each) => each.microdollars / 1e6), "--accent")]),
    table("Times are UTC", [["Time", when], ["Cost", (each) => dollars(each.microdollars), "number"]], series, "No messages in this time."));
}

const shares = (name) => [[name, (each) => each.name], ["Sent", (each) => whole(each.sent), "number"], ["Delivered", (each) => whole(each.delivered), "number"],
  ["Not delivered", (each) => whole(each.failed), "number"], ["Success", (each) => each.successRate, "number"], ["Codes used", (each) => whole(each.codesUsed), "number"],
  ["Conversion", percent, "number"], ["Cost", (each) => dollars(each.microdollars), "number"]];

/** What each country costs, the dearest first. */
export function costs({ byCountry }) {
  const dearest = [...byCountry].sort((a, b) => b.microdollars - a.microdollars).slice(0, 10);
  return chart("Cost by country", dearest.map((each) => `${each.name} ${dollars(each.microdollars)}`).join(", ") || "Nothing was spent",
    bars(dearest.map((each) => each.name), () => [bar("Cost in dollars", dearest.map((each) => each.microdollars / 1e6), "--accent")], { indexAxis: "y" }),
    table("All countries", shares("Country"), byCountry, "No messages in this time."));
}

const became = (title, name, caption, list) => chart(title, list.map((each) => `${each.name} ${each.successRate}`).join(", ") || "No messages in this time",
  bars(list.map((each) => each.name), whatBecame(list), STACKED), table(caption, shares(name), list, "No messages in this time."));

/** What became of the messages of each provider. */
export const byProvider = (period) => became("Delivery by provider", "Provider", "All providers", period.byProvider);

/** What became of texts, calls, and mails. */
export const byChannel = (period) => became("Delivery by channel", "Channel", "All channels", period.byChannel);
