import { get, post } from "/common/api.js";
import { element } from "/common/dom.js";
import { button, field, form, note, redraw } from "/common/parts.js";
import { sayDevice, sayTime } from "/common/words.js";
import { announce, askReason, beginAdmin, card, may, pager, table, tag } from "./frame.js";

let session;
const standing = (user) => element("span", { class: "row" }, user.locked ? tag("locked", "bad") : null, user.role !== "user" && tag(user.role, "warn"),
  user.twoFactorEnabled ? tag(`two-step: ${user.method === "app" ? "app" : "texts"}`, "good") : tag("password only", ""));

function search() {
  const q = field("q", "Find", { type: "search", autocomplete: "off", spellcheck: "false", hint: "The beginning of an email address or name, an id, or a whole phone number" });
  const body = element("div", { class: "stack" });
  const cursors = [];
  async function draw() {
    const query = new URLSearchParams({ limit: "25" });
    if (q.input.value.trim()) query.set("q", q.input.value.trim());
    if (cursors.length) query.set("cursor", cursors.at(-1));
    const { data: { users, nextCursor } } = await get(`/api/admin/users?${query}`);
    redraw(body, table(q.input.value.trim() ? "Accounts like this" : "The newest accounts", [
      ["Account", (user) => element("a", { href: `/admin/users?id=${user.userId}` }, user.email)], ["Name", (user) => user.name],
      ["Phone", (user) => user.maskedPhone && element("span", { class: "row" }, user.maskedPhone, user.phoneVerified ? tag("verified", "good") : tag("not verified", "warn"))],
      ["Standing", standing], ["Since", (user) => sayTime(user.createdAt, { dateStyle: "medium" })],
    ], users, "No account is like this. Try the whole address, or the id."), pager(cursors, nextCursor, draw));
  }
  return draw().then(() => [card("Accounts", form([q], "Find", async () => {
    cursors.length = 0;
    await draw();
  }, { kind: "main" }), body)]);
}

async function one(id) {
  const said = element("div", { "aria-live": "polite" });
  const body = element("div", { class: "stack" });
  async function draw() {
    const { data } = await get(`/api/admin/users/${id}`);
    const { user } = data;
    const act = (name, path, lead, kind = "plain") => button(kind, name, () => askReason(name,
      (reason) => (path.startsWith("/api/admin/sms/") ? post(path, { userId: id, reason }) : post(path, { reason })),
      { lead, kind: kind === "risk" ? "risk wide" : "main wide", done: async (answer) => {
        await draw();
        announce(said, answer, "Done.");
      } }));
    const at = (path) => `/api/admin/users/${id}/${path}`;
    const isOwn = id === session.userId;
    const isAbove = user.role !== "user" && !may(session, "admin");
    redraw(body,
      card(user.email,
        standing(user),
        element("dl", { class: "facts" }, [
          ["Id", user.userId], ["Host's id", user.externalId], ["Name", user.name], ["Phone", user.maskedPhone && `${user.maskedPhone}, ${user.phoneVerified ? `verified ${data.phoneVerifiedAt ? sayTime(data.phoneVerifiedAt) : ""}` : "not verified"}`],
          ["Language, region, currency", [data.locale, data.region, data.currency].join(", ")],
          ["Second factors", data.factors.map((each) => `${each.method === "app" ? "app" : "texts"}${each.disabledAt ? " (disabled)" : ""}`).join(", ") || "none"],
          ["Backup codes left", data.factors.length ? String(data.backupCodesRemaining) : ""], ["Transfers wait until", data.coolingOffUntil && sayTime(data.coolingOffUntil)],
          ["Locked", user.lockedAt && sayTime(user.lockedAt)], ["Since", sayTime(user.createdAt)],
        ].filter(([, value]) => value).flatMap(([name, value]) => [element("dt", null, name), element("dd", null, value)])),
        isOwn ? note("", element("p", null, "This is your own account: another administrator has to act on it."))
          : isAbove ? note("", element("p", null, "Only the role admin acts on administrators."))
          : element("div", { class: "row" },
              may(session, "support") && act("Send a password reset", "/api/admin/sms/send-password-reset", "The password ends, and a code goes to the phone to set another."),
              act("End all sessions", at("sessions/revoke"), "Whoever is signed in has to sign in again."),
              may(session, "admin") && user.maskedPhone && !user.phoneVerified && act("Mark the phone as verified", "/api/admin/sms/verify-user-phone", "The number counts as verified without a code."),
              may(session, "security") && user.twoFactorEnabled && act("Remove second factors", at("disable-2fa"), "The password alone will open the account, and transfers wait for a day.", "risk"),
              may(session, "security") && (user.locked ? act("Unlock", at("unlock"), "The owner can sign in again.") : act("Lock", at("lock"), "Nobody can sign in until it is unlocked, and all sessions end.", "risk")))),
      card("Sessions", table("Open sessions", [["Device", (each) => sayDevice(each.device)], ["Address", (each) => each.address], ["Since", (each) => sayTime(each.createdAt)], ["Last used", (each) => sayTime(each.lastSeenAt)]], data.sessions, "Nobody is signed in.")),
      card("Remembered devices", table("For thirty days at most", [["Device", (each) => sayDevice(each.device)], ["Last used", (each) => sayTime(each.lastUsedAt)], ["Until", (each) => sayTime(each.expiresAt)]], data.devices, "No device is remembered.")),
      element("p", null, element("a", { href: `/admin/security-log?userId=${id}` }, "What administrators did here"), " · ", element("a", { href: "/admin/users" }, "All accounts")));
  }
  await draw();
  return [said, body];
}

beginAdmin("Users", "/admin/users", async (own) => {
  session = own;
  const id = new URLSearchParams(location.search).get("id");
  try {
    return id ? await one(encodeURIComponent(id)) : await search();
  } catch (problem) {
    if (!id || ![400, 404].includes(problem.status)) throw problem;
    return [note("warn", element("p", null, "There is no such account.")), ...(await search())];
  }
});
