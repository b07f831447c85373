import { get } from "/common/api.js";
import { element } from "/common/dom.js";
import { sayTime } from "/common/words.js";
import { beginAdmin, card, may, plain, table, tag, whole } from "./frame.js";
import { providers } from "./providers.js";

const figure = (name, value) => element("div", { class: "card figure" }, element("span", { class: "quiet small" }, name), element("strong", { class: "money" }, value));

beginAdmin("Overview", "/admin/", async (session) => {
  const [{ data: { overview } }, { data: { alerts } }, approvals, health] = await Promise.all([
    get("/api/admin/sms/stats"), get("/api/admin/alerts?limit=5"),
    may(session, "security") ? get("/api/admin/approvals") : null, providers(session)]);
  const waiting = approvals?.data.approvals.length ?? 0;
  return [
    element("div", { class: "figures" },
      figure("Texts in the last hour", whole(overview.smsLastHour)), figure("Texts today (UTC)", whole(overview.smsToday)),
      figure("Delivered, of all time", overview.successRate), figure("Verified phones", whole(overview.totalVerifiedPhones)),
      figure("With two-step login", whole(overview.total2FAEnabled))),
    waiting > 0 && element("p", { class: "notice warn" }, element("a", { href: "/admin/approvals" }, waiting === 1 ? "One request waits for approval." : `${waiting} requests wait for approval.`)),
    card("Open alerts",
      table("The newest five", [
        ["What", (alert) => plain(alert.kind)], ["Severity", (alert) => tag(alert.severity)], ["Detail", (alert) => alert.detail],
        ["Times", (alert) => whole(alert.times), "number"], ["Last", (alert) => sayTime(alert.lastAt ?? alert.createdAt)],
      ], alerts, "Nothing is wrong as far as is known."),
      element("p", null, element("a", { href: "/admin/alerts" }, "All alerts"))),
    health,
  ].filter(Boolean);
});
