import { get, post } from "/common/api.js";
import { element } from "/common/dom.js";
import { button, field, form, note, notice, redraw } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { byChannel, byProvider, conversion, costs, spending, volume } from "./charts.js";
import { announce, askReason, beginAdmin, card, dollars, may, pager, plain, table, tag, whole } from "./frame.js";
import { providers } from "./providers.js";

let session;

// Figures

const PERIODS = { day: ["24 hours", 1], week: ["7 days", 7], month: ["30 days", 30] };

function figures() {
  const body = element("div", { class: "stack" });
  const choice = element("select", { id: "period", change: () => draw() }, Object.entries(PERIODS).map(([value, [name]]) => element("option", { value }, name)));
  async function draw() {
    try {
      const from = new Date(Date.now() - PERIODS[choice.value][1] * 86_400_000).toISOString();
      const { data } = await get(`/api/admin/sms/stats?from=${from}`);
      const { overview, period, byType } = data;
      body.replaceChildren(
        element("dl", { class: "facts" },
          element("dt", null, "Codes used"), element("dd", null, `${whole(period.conversion.codesUsed)} of ${whole(period.conversion.codesSent)} (${period.conversion.rate})`),
          element("dt", null, "Cost"), element("dd", null, dollars(period.cost.microdollars)),
          element("dt", null, "All time"), element("dd", null, `${whole(overview.totalSMSsent)} texts, ${overview.successRate} delivered`)),
        element("div", { class: "grid charts" }, volume(period), conversion(period), spending(period), costs(period), byProvider(period), byChannel(period)),
        element("details", null, element("summary", null, "Texts by type, of all time"),
          table("All types", [["Type", ([type]) => plain(type)], ["Count", ([, count]) => whole(count), "number"]], Object.entries(byType), "No texts yet.")));
    } catch (problem) {
      body.replaceChildren(notice(problem), button("plain", "Try again", draw));
    }
  }
  draw();
  return card("Statistics", element("div", { class: "field inline" }, element("label", { for: "period" }, "The last"), choice), body);
}

// Acts

function acts() {
  const said = element("div", { "aria-live": "polite" });
  const who = field("user", "Account", { type: "text", required: true, autocomplete: "off", spellcheck: "false", hint: "Its email address, id, or verified phone number." });
  const finds = async () => {
    const { data: { users } } = await get(`/api/admin/users?limit=2&q=${encodeURIComponent(who.input.value.trim())}`);
    if (users.length === 1) return users[0];
    who.complain(users.length ? "Several accounts begin like this. Enter more." : "No account has this address, id, or number.");
    who.input.focus();
    return null;
  };
  const act = (name, path, lead) => button("plain", name, async () => {
    if (!who.input.value.trim()) {
      who.complain("Say which account.");
      who.input.focus();
      return;
    }
    const user = await finds();
    if (!user) return;
    askReason(name, (reason) => post(path, { userId: user.userId, reason }), { lead: lead(user), done: (answer) => announce(said, answer) });
  });
  return card("Act on an account", who.node,
    element("div", { class: "row" },
      act("Send a password reset", "/api/admin/sms/send-password-reset", (user) => `The password of ${user.email} ends, and a code goes to its phone to set another.`),
      may(session, "admin") && act("Mark the phone as verified", "/api/admin/sms/verify-user-phone", (user) => `The number of ${user.email} counts as verified without a code. Do this only when you know whose it is.`)),
    said);
}

// Logs

const STATUSES = ["queued", "sent", "delivered", "undelivered", "failed", "expired", "unknown"];
const LIVE_SECONDS = 10, LIVE_MINUTES = 10;

function logs() {
  const option = (value) => element("option", { value }, value ? plain(value) : "any");
  const choose = (name, label, values) => field(name, label, { input: element("select", null, ["", ...values].map(option)) });
  const filters = [
    field("phone", "Phone", { type: "text", inputmode: "tel", autocomplete: "off", placeholder: "+14155552671, or 71" }),
    field("userId", "Account's id", { type: "text", autocomplete: "off", spellcheck: "false" }),
    field("type", "Type", { type: "text", autocomplete: "off", spellcheck: "false", list: "types" }),
    choose("status", "Status", STATUSES), choose("channel", "Channel", ["sms", "call", "email"]),
    field("country", "Country", { type: "text", autocomplete: "off", maxlength: "2", placeholder: "US" }),
    field("from", "From", { type: "date" }), field("to", "Before", { type: "date" }),
  ];
  const cursors = [];
  const body = element("div", { class: "stack" });
  const types = element("datalist", { id: "types" });
  const said = element("div", { "aria-live": "polite" });
  const shownNumbers = new Map();
  // The address has the filters, so that a page with them can be gone back to, and sent to somebody; it asks for nothing else.
  const before = new URLSearchParams(location.search);
  for (const each of filters) each.input.value = before.get(each.name) ?? "";
  const chosen = () => new URLSearchParams(filters.map((each) => [each.name, each.input.value.trim()]).filter(([, value]) => value));
  let wanted = chosen(), liveUntil = 0;
  const live = element("input", { type: "checkbox", id: "live", change: () => {
    liveUntil = live.checked ? Date.now() + LIVE_MINUTES * 60_000 : 0;
  } });

  const reveal = (message) => button("link", "Show it", () => askReason("Show the whole number", async (reason) => {
    const query = new URLSearchParams({ reveal: message.id, reason });
    return (await get(`/api/admin/sms/sms-logs?${query}`)).data.logs[0];
  }, { lead: "Twenty an hour can be shown.", done: async (found) => {
    shownNumbers.set(message.id, found.phone ?? found.email);
    said.replaceChildren(note("", element("p", null, `The message went to ${found.phone ?? found.email}.`)));
    await draw();
  } }));

  async function draw() {
    const query = new URLSearchParams(wanted);
    query.set("limit", "25");
    if (cursors.length) query.set("cursor", cursors.at(-1));
    const { data: { logs: list, pagination, stats } } = await get(`/api/admin/sms/sms-logs?${query}`);
    if (!wanted.has("type")) types.replaceChildren(...stats.map((each) => element("option", { value: each.type })));
    redraw(body,
      table(`${whole(pagination.total)}${pagination.isTotalExact ? "" : " or more"} messages: ${stats.map((each) => `${plain(each.type)} ${whole(each.count)}`).join(", ")}`, [
        ["Made", (each) => sayTime(each.createdAt, { dateStyle: "short", timeStyle: "medium" })], ["Type", (each) => plain(each.type)],
        ["To", (each) => element("span", { class: "row tight" }, shownNumbers.get(each.id) ?? each.phone ?? each.email ?? "", !shownNumbers.has(each.id) && reveal(each))],
        ["Status", (each) => element("span", { class: "stack tight" }, tag(each.status), each.failure && element("span", { class: "small" }, plain(each.failure)))],
        ["Provider", (each) => [each.provider, each.country].filter(Boolean).join(", ")],
        ["Segments", (each) => each.segments ?? "", "number"], ["Cost", (each) => (each.microdollars ? dollars(each.microdollars) : ""), "number"],
        ["Used", (each) => (each.type !== "code" ? "" : each.codeUsed ? "yes" : "no")],
      ], list, "No message is like this. Take a filter away."),
      pager(cursors, pagination.nextCursor, draw));
  }
  setInterval(() => {
    if (!live.checked || document.visibilityState !== "visible" || body.contains(document.activeElement)) return;
    if (Date.now() > liveUntil) live.checked = false;
    else draw().catch((problem) => body.replaceChildren(notice(problem)));
  }, LIVE_SECONDS * 1000);

  const find = form([element("div", { class: "filters" }, filters.map((each) => each.node)), types], "Find", async () => {
    const phone = filters[0].input.value.replace(/[\s().-]/g, "");
    if (phone && !/^(\+?\d{7,15}|\d{2,4})$/.test(phone)) {
      filters[0].complain("Enter a whole number, with its country's code, or its last two to four digits.");
      filters[0].input.focus();
      return;
    }
    wanted = chosen();
    cursors.length = 0;
    history.replaceState(null, "", wanted.size ? `?${wanted}` : location.pathname);
    await draw();
  }, { kind: "main", within: filters });
  draw().catch((problem) => body.replaceChildren(notice(problem)));
  const download = element("a", { class: "button plain", href: "/api/admin/sms/sms-logs/export", download: true, click: () => (download.href = `/api/admin/sms/sms-logs/export?${wanted}`) }, "Download as CSV");
  return card("Messages", find,
    element("div", { class: "row apart" }, element("label", { class: "check", for: "live" }, live, `Look again every ${LIVE_SECONDS} seconds, for ${LIVE_MINUTES} minutes`), may(session, "security") && download),
    said, body);
}

beginAdmin("Messages", "/admin/sms-management", async (own) => {
  session = own;
  const health = await providers(session);
  const canAct = may(session, "support");
  const parts = [...(canAct ? [["acts", "Act on an account", acts()]] : []), ["logs", "Messages", logs()], ["figures", "Statistics", figures()], ["health", "Provider health", health]];
  for (const [id, , node] of parts) node.id = id;
  return [element("nav", { class: "row", "aria-label": "On this page" }, parts.map(([id, name]) => element("a", { href: `#${id}` }, name))), ...parts.map(([, , node]) => node)];
});
