import { get, post } from "/common/api.js";
import { element } from "/common/dom.js";
import { button, notice, redraw } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { announce, askReason, beginAdmin, card, may, pager, plain, table, tag, whole } from "./frame.js";

beginAdmin("Alerts", "/admin/alerts", async (session) => {
  const said = element("div", { "aria-live": "polite" });
  const body = element("div", { class: "stack" });
  const cursors = [];
  const status = element("select", { id: "status", change: async () => {
    cursors.length = 0;
    try {
      await draw();
    } catch (problem) {
      redraw(body, notice(problem));
    }
  } }, element("option", { value: "open" }, "open"), element("option", { value: "resolved" }, "resolved"));
  const resolve = (alert) => button("plain", "Resolve", () => askReason("Resolve the alert", (reason) => post(`/api/admin/alerts/${alert.id}/resolve`, { reason }), {
    lead: `${plain(alert.kind)}: ${alert.detail}`,
    done: async (answer) => {
      await draw();
      announce(said, answer, "The alert is resolved.");
    } }));
  async function draw() {
    const query = new URLSearchParams({ status: status.value, limit: "25" });
    if (cursors.length) query.set("cursor", cursors.at(-1));
    const { data: { alerts, nextCursor } } = await get(`/api/admin/alerts?${query}`);
    const isOpen = status.value === "open";
    redraw(body, table(isOpen ? "Open alerts, newest first" : "Resolved alerts, newest first", [
      ["What", (alert) => plain(alert.kind)], ["Severity", (alert) => tag(alert.severity)], ["Detail", (alert) => alert.detail],
      ["Times", (alert) => whole(alert.times), "number"], ["First", (alert) => sayTime(alert.createdAt)],
      isOpen ? ["Last", (alert) => sayTime(alert.lastAt ?? alert.createdAt)] : ["Resolved", (alert) => `${alert.resolvedAt ? sayTime(alert.resolvedAt) : ""} ${alert.resolution ?? ""}`],
      ...(isOpen && may(session, "security") ? [["Resolve", resolve]] : []),
    ], alerts, isOpen ? "Nothing is wrong as far as is known." : "No alert was resolved yet."), pager(cursors, nextCursor, draw));
  }
  await draw();
  return [card("Alerts", element("div", { class: "field inline" }, element("label", { for: "status" }, "Show"), status), said, body)];
});
