import { get } from "/common/api.js";
import { element } from "/common/dom.js";
import { field, form, redraw } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { beginAdmin, card, may, pager, plain, table, tag } from "./frame.js";

beginAdmin("Security log", "/admin/security-log", async (session) => {
  const query = new URLSearchParams(location.search);
  const severity = field("severity", "Severity", { input: element("select", null, ["", "info", "warning", "critical"].map((value) => element("option", { value }, value || "any"))) });
  const filters = [
    field("userId", "Account's id", { type: "text", autocomplete: "off", spellcheck: "false", value: query.get("userId") ?? "" }),
    field("eventType", "Event", { type: "text", autocomplete: "off", spellcheck: "false" }), severity,
    field("from", "From", { type: "date" }), field("to", "Before", { type: "date" }),
  ];
  const body = element("div", { class: "stack" });
  const cursors = [];
  async function draw() {
    const wanted = new URLSearchParams(filters.map((each) => [each.name, each.input.value.trim()]).filter(([, value]) => value));
    wanted.set("limit", "25");
    if (cursors.length) wanted.set("cursor", cursors.at(-1));
    const { data: { entries, nextCursor } } = await get(`/api/admin/security-log?${wanted}`);
    redraw(body, table("Newest first; each entry is bound to the one before", [
      ["No.", (entry) => String(entry.sequence), "number"], ["When", (entry) => sayTime(entry.at, { dateStyle: "short", timeStyle: "medium" })],
      ["Event", (entry) => element("span", { class: "stack tight" }, plain(entry.eventType), entry.severity !== "info" && tag(entry.severity))],
      ["What", (entry) => element("span", { class: "stack tight" }, entry.description, entry.metadata.reason && element("span", { class: "quiet small" }, entry.metadata.reason))],
      ["By", (entry) => entry.metadata.adminEmail ?? "at the machine"], ["About", (entry) => entry.metadata.targetUserEmail ?? ""],
      ["All of it", (entry) => element("details", null, element("summary", null, "Show"), element("code", { class: "small" }, JSON.stringify(entry.metadata)))],
    ], entries, "No entry is like this. Take a filter away."), pager(cursors, nextCursor, draw));
  }
  await draw();
  return [card("What administrators did, and looked at",
    form([element("div", { class: "filters" }, filters.map((each) => each.node))], "Find", async () => {
      cursors.length = 0;
      await draw();
    }, { kind: "main", within: filters }),
    may(session, "admin") && element("p", null, element("a", { href: "/api/admin/security-log/export", download: true }, "Download all of it as JSON lines")),
    body)];
}, "security");
