import { get, put } from "/common/api.js";
import { element } from "/common/dom.js";
import { field, form, note, redraw } from "/common/parts.js";
import { announce, askReason, beginAdmin, card, may, plain, table, whole } from "./frame.js";

const LISTS = {
  allowedCountries: ["Allowed countries", "Two letters each; where there is any, no others are."], blockedCountries: ["Blocked countries", "Two letters each."],
  blockedPrefixes: ["Blocked prefixes", "Such as +44 7911."], blockedTypes: ["Blocked types of number", "Such as voip or fixed_line."],
};
/** A limit's name as words. */
const named = (limit) => plain(limit.replace(/([A-Z])/g, " $1").toLowerCase()).replace(/^./, (first) => first.toUpperCase());

/** A rule's value in a line; of limits those that are changed. */
const told = (value, changed = value) => (Array.isArray(value) ? value.map((each) => each.maskedPhone ?? each).join(", ") || "none"
  : Object.keys(changed).map((name) => `${named(name)}: ${value[name] ?? "as configured"}`).join(", "));

/** The entries of a list; none of them has a space in it. */
const entries = (text) => text.split(/[\n,;]+/).map((each) => each.replace(/\s/g, "")).filter(Boolean);

beginAdmin("Abuse rules", "/admin/abuse-rules", async (session) => {
  const said = element("div", { "aria-live": "polite" });
  const body = element("div", { class: "stack" });

  function draw(rules) {
    const lists = Object.entries(LISTS).map(([name, [label, hint]]) => {
      const made = field(name, label, { hint: `${hint} Separate them by commas or lines.`, input: element("textarea", { rows: "3", spellcheck: "false" }) });
      made.input.value = rules[name].join(", ");
      return made;
    });
    const kept = rules.blockedNumbers.map((each) => {
      const box = element("input", { type: "checkbox", id: `number-${each.id}`, checked: true });
      return [each, box];
    });
    const more = field("numbers", "Block more numbers", { hint: "As E.164, separated by commas or lines.", input: element("textarea", { rows: "2", spellcheck: "false" }) });
    const limits = Object.entries(rules.limits).map(([name, value]) => field(name, named(name), {
      type: "number", min: "0", value: String(value), hint: rules.changedLimits.includes(name) ? "Changed here; leave empty for the configuration's." : undefined,
    }));
    const save = form([
      element("div", { class: "grid" }, lists.map((each) => each.node)),
      kept.length > 0 && element("fieldset", null, element("legend", null, "Blocked numbers"), kept.map(([each, box]) =>
        element("label", { class: "check", for: box.id }, box, `${each.maskedPhone} ${each.note ?? ""}`))),
      more, element("h3", null, "Limits"), element("div", { class: "filters" }, limits.map((each) => each.node)),
    ].filter(Boolean), "Change the rules", async () => {
      const change = {};
      for (const each of lists) {
        const now = entries(each.input.value);
        if (now.join() !== rules[each.name].join()) change[each.name] = now;
      }
      const numbers = [...kept.filter(([, box]) => box.checked).map(([each]) => each.id), ...entries(more.input.value)];
      if (numbers.join() !== rules.blockedNumbers.map((each) => each.id).join()) change.blockedNumbers = numbers;
      const changed = limits.filter((each) => each.input.value !== String(rules.limits[each.name])).map((each) => [each.name, each.input.value === "" ? null : Number(each.input.value)]);
      if (changed.length) change.limits = Object.fromEntries(changed);
      if (Object.keys(change).length === 0) {
        said.replaceChildren(note("warn", element("p", null, "Nothing is different. Change something first.")));
        return;
      }
      const masked = (number) => rules.blockedNumbers.find((each) => each.id === number) ?? number;
      askReason("Change these rules", (reason) => put("/api/admin/abuse-rules", { reason, ...change }), {
        parts: [element("dl", { class: "facts" }, Object.entries(change).flatMap(([name, now]) => [
          element("dt", null, named(name)), element("dd", null, `${told(rules[name], now)} → ${told(name === "blockedNumbers" ? now.map(masked) : now)}`)]))],
        done: async (answer) => {
          draw(answer.data?.limits ? answer.data : (await get("/api/admin/abuse-rules")).data);
          announce(said, null, answer.data?.limits ? "The rules are changed, and in force everywhere within a second." : answer.message ?? "Another administrator has to approve this.");
          said.scrollIntoView({ block: "center" });
        } });
    }, { kind: "main", within: [...lists, ...limits] });
    const shown = table("Limits in force", [["Limit", ([name]) => named(name)], ["Value", ([, value]) => whole(value), "number"]], Object.entries(rules.limits), "There are no limits.");
    redraw(body, ...(may(session, "security") ? [save] : [
      element("dl", { class: "facts" }, Object.entries(LISTS).flatMap(([name, [label]]) => [element("dt", null, label), element("dd", null, rules[name].join(", ") || "none")]),
        element("dt", null, "Blocked numbers"), element("dd", null, rules.blockedNumbers.map((each) => each.maskedPhone).join(", ") || "none")), shown]));
    configured.textContent = `The configuration allows ${rules.configuredCountries.includes("*") || rules.configuredCountries.length === 0 ? "all countries" : rules.configuredCountries.join(", ")}.`;
  }
  const configured = element("p", { class: "quiet" });
  draw((await get("/api/admin/abuse-rules")).data);
  return [card("Where codes may go, and how many", configured, said, body)];
});
