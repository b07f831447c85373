import { get, post, remove } from "/common/api.js";
import { element } from "/common/dom.js";
import { button, field, form, redraw } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { announce, askReason, beginAdmin, card, table, tag } from "./frame.js";
import { showKey } from "./keys.js";

const SCOPES = { otp: "send and check codes", challenges: "ask for second factors, and redeem authorizations", notifications: "tell owners of events",
  sms: "send texts of your own", "sms:unlimited": "pass the limits of such texts", "users:write": "mirror your users" };

beginAdmin("API keys", "/admin/api-keys", async () => {
  const said = element("div", { "aria-live": "polite" });
  const list = element("div", { class: "stack" });
  async function draw() {
    const { data: { keys } } = await get("/api/admin/api-keys");
    redraw(list, table("Keys, newest first", [
      ["Name", (key) => key.name || "without a name"], ["Id", (key) => element("code", null, key.id)], ["May", (key) => key.scopes.join(", ")], ["Made", (key) => sayTime(key.createdAt)],
      ["State", (key) => (key.revokedAt ? tag("revoked", "bad") : tag("in force", "good"))],
      ["Revoke", (key) => !key.revokedAt && button("risk", "Revoke", () => askReason("Revoke the key", (reason) => remove(`/api/admin/api-keys/${key.id}`, { id: key.id, reason }), {
        lead: "Whoever uses it is refused from now on.", kind: "risk wide", done: async () => {
          await draw();
          announce(said, null, "The key is revoked.");
        } }))],
    ], keys, "There are no keys yet."));
  }
  await draw();
  const name = field("name", "Name", { type: "text", maxlength: "100", autocomplete: "off", hint: "Such as the program that will use it" });
  const boxes = Object.entries(SCOPES).map(([scope, text]) => [scope, element("input", { type: "checkbox", id: `scope-${scope}` }), text]);
  const reason = field("reason", "Reason", { type: "text", required: true, maxlength: "500", autocomplete: "off", hint: "It is written into the security log." });
  const wrong = element("p", { class: "wrong", hidden: true, role: "alert" }, "Choose at least one.");
  const make = form([name, element("fieldset", null, element("legend", null, "What it may do"),
    boxes.map(([scope, box, text]) => element("label", { class: "check", for: box.id }, box, element("span", null, element("code", null, scope), ` ${text}`))), wrong), reason],
  "Make a key", async (values) => {
    const scopes = boxes.filter(([, box]) => box.checked).map(([scope]) => scope);
    wrong.hidden = scopes.length > 0;
    if (scopes.length === 0) return;
    const answer = await post("/api/admin/api-keys", { scopes, reason: values.reason.trim(), ...(values.name.trim() ? { name: values.name.trim() } : {}) });
    // First of all, since it is shown this once.
    if (answer.key) showKey(said, answer.key);
    else announce(said, answer, "Another administrator has to approve this.");
    for (const [, box] of boxes) box.checked = false;
    name.input.value = reason.input.value = "";
    said.scrollIntoView({ block: "center" });
    await draw();
  }, { kind: "main" });
  return [said, card("Make a key", make), card("Keys", list)];
}, "admin");
