import { get } from "/common/api.js";
import { confirm } from "/common/confirm.js";
import { element } from "/common/dom.js";
import { begin, navigate, show } from "/common/page.js";
import { button, dialog, field, form, note } from "/common/parts.js";

/** What the administrators' pages have in common: who may see them, tables, and asking for a reason. English only. */

const EVERYBODY = [["/admin/", "Overview"], ["/admin/sms-management", "Messages"], ["/admin/users", "Users"], ["/admin/alerts", "Alerts"],
  ["/admin/abuse-rules", "Abuse rules"]];
const OF_SECURITY = [["/admin/approvals", "Approvals"], ["/admin/security-log", "Security log"]];
const OF_ADMINISTRATORS = [["/admin/api-keys", "API keys"]];
const OWN = [["/account/security", "My account"]];

/** Whether an act for a role is for the session's: `admin` may do all of it, the others what is theirs. */
export const may = (session, role) => session.role === role || session.role === "admin";

/**
 * Begins an administrators' page. Whoever cannot use it is told why, and what to do; the API decides all the same.
 *
 * @param {(session: Object) => Promise<Node[]>} build
 * @param {string} [role] whose page it is, when it is not every administrator's
 */
export function beginAdmin(title, path, build, role) {
  const options = { signedIn: true, current: path, links: [...EVERYBODY, ...OWN], only: "en" };
  const start = async () => {
    const session = await get("/api/auth/session");
    const said = (lead, ...acts) => [element("div", { class: "card" }, element("h1", { tabindex: "-1" }, title), element("p", null, lead), ...acts)];
    if (session.role === "user") {
      return said("This is for administrators. Your account is not one.", element("a", { class: "button", href: "/dashboard" }, "To the dashboard"));
    }
    if (session.method !== "app") {
      return said("Administrators sign in with an authenticator app. Set one up first.", element("a", { class: "button", href: `/account/scan?next=${encodeURIComponent(location.pathname)}` }, "Set up an app"));
    }
    if (session.aal < 2) {
      return said("Confirm that it is you with your app.", button("main", "Confirm it is me", async () => {
        await confirm("login");
        show(...(await start()));
      }));
    }
    navigate(true, path, [...EVERYBODY, ...(may(session, "security") ? OF_SECURITY : []), ...(may(session, "admin") ? OF_ADMINISTRATORS : []), ...OWN]);
    if (role && !may(session, role)) return said(`This is for the role ${role}. Ask somebody who has it.`);
    return [element("div", { class: "stack" }, element("h1", { tabindex: "-1" }, title), ...(await build(session)))];
  };
  return begin(title, start, options);
}

/**
 * A table; on a narrow screen each row is a card of its own.
 *
 * @param {Array<[string, (row: Object) => any, string?]>} columns title, cell, and `number` where it is one
 */
export function table(caption, columns, rows, none) {
  if (rows.length === 0) return element("p", { class: "empty" }, none);
  return element("div", { class: "table" }, element("table", null,
    element("caption", null, caption),
    element("thead", null, element("tr", null, columns.map(([title, , kind]) => element("th", { scope: "col", class: kind }, title)))),
    element("tbody", null, rows.map((row) => element("tr", null, columns.map(([title, cell, kind]) =>
      element("td", { class: kind, "data-label": title }, element("span", null, cell(row) ?? ""))))))));
}

/** Pages of a list by the API's cursors, with a way back. */
export function pager(cursors, nextCursor, load) {
  if (cursors.length === 0 && !nextCursor) return null;
  const step = (text, isOn, act) => {
    const node = button("plain", text, act);
    node.disabled = !isOn;
    return node;
  };
  return element("div", { class: "row" },
    step("Newer", cursors.length > 0, () => {
      cursors.pop();
      return load();
    }),
    step("Older", Boolean(nextCursor), () => {
      cursors.push(nextCursor);
      return load();
    }));
}

/**
 * Asks for the reason of an act, which is written down with it.
 *
 * @param {(reason: string, values: Object) => Promise<Object|null>} act
 * @param {{ lead?: string, kind?: string, parts?: Array, done?: (answer: Object) => void }} options
 */
export function askReason(title, act, { lead, kind = "main wide", parts = [], done } = {}) {
  const box = dialog();
  const reason = field("reason", "Reason", { type: "text", required: true, maxlength: "500", autocomplete: "off", hint: "It is written into the security log." });
  box.open(element("h2", null, title), lead && element("p", null, lead),
    form([...parts, reason], title, async (values) => {
      const answer = await act(values.reason.trim(), values);
      box.close();
      await done?.(answer);
    }, { kind }),
    button("plain wide", "Cancel", () => box.close()));
}

/** What was done, above what is drawn anew. */
export const announce = (place, answer, otherwise) => place.replaceChildren(note("good", element("p", null, answer?.message ?? otherwise)));

export const card = (title, ...children) => element("section", { class: "card", "aria-label": title }, element("h2", null, title), ...children);

const KINDS = { delivered: "good", sent: "", undelivered: "bad", failed: "bad", expired: "bad", unknown: "warn", critical: "bad", warning: "warn" };
export const tag = (text, kind = KINDS[text] ?? "") => element("span", { class: `tag ${kind}` }, text);

/** Words of the API's identifiers: `payment_sent` as `payment sent`. */
export const plain = (text) => text.replaceAll("_", " ");

export const dollars = (micro) => new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: micro < 1_000_000 ? 4 : 2 }).format(micro / 1_000_000);
export const whole = (number) => new Intl.NumberFormat("en").format(number);
