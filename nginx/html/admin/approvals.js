import { get, post } from "/common/api.js";
import { element } from "/common/dom.js";
import { button, note, redraw } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { announce, askReason, beginAdmin, card, plain } from "./frame.js";
import { showKey } from "./keys.js";

beginAdmin("Approvals", "/admin/approvals", async () => {
  const said = element("div", { "aria-live": "polite" });
  const body = element("div", { class: "stack" });
  async function draw() {
    const { data: { dualControl, approvals } } = await get("/api/admin/approvals");
    const decide = (each, name, path, kind) => button(kind, name, () => askReason(name, (reason) => post(`/api/admin/approvals/${each.id}/${path}`, { reason }), {
      lead: plain(each.act), kind: kind === "risk" ? "risk wide" : "main wide",
      done: async (answer) => {
        if (answer?.key) showKey(said, answer.key);
        else announce(said, answer, "Decided.");
        await draw();
      } }));
    redraw(body, 
      dualControl ? element("p", { class: "quiet" }, "Removing second factors, changing rules, and making keys takes two administrators.")
        : note("", element("p", null, "Dual control is off: acts take one administrator.")),
      approvals.length === 0 ? element("p", { class: "empty" }, "Nothing waits for approval.")
        : element("ul", { class: "list" }, approvals.map((each) => element("li", null,
            element("span", { class: "what" }, element("strong", null, plain(each.act)), element("span", null, each.reason),
              element("code", { class: "small" }, JSON.stringify(each.details)),
              element("span", { class: "small quiet" }, `Asked for ${sayTime(each.createdAt)}, until ${sayTime(each.expiresAt)}`)),
            element("span", { class: "row" }, !each.own && decide(each, "Approve", "approve", "main"), decide(each, each.own ? "Withdraw" : "Reject", "reject", "risk"))))));
  }
  await draw();
  return [card("Waiting for a second administrator", said, body)];
}, "security");
