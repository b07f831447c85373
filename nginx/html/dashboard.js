import { Cancelled, call, get } from "/common/api.js";
import { confirm } from "/common/confirm.js";
import { element } from "/common/dom.js";
import { begin, navigateAs } from "/common/page.js";
import { field, form, note, notice } from "/common/parts.js";
import { readMoney, say, sayMoney, sayTime } from "/common/words.js";

let session, bank;

// Balance

const balance = element("section", { class: "card", "aria-labelledby": "balance" });

function drawBalance() {
  balance.replaceChildren(
    element("h2", { id: "balance" }, say("bank.balance")),
    element("p", { class: "money" }, sayMoney(bank.balance, bank.currency)),
    element("p", { class: "hint" }, say("bank.demonstration")),
    bank.transfers.length === 0 ? element("p", { class: "empty" }, say("bank.noTransfers"))
      : element("ul", { class: "list" }, bank.transfers.map((each) => element("li", null,
          element("span", { class: "what" }, element("strong", null, each.payee), element("span", { class: "small quiet" }, [sayTime(each.at), each.reference].filter(Boolean).join(" · "))),
          element("span", null, sayMoney(-each.amount, each.currency))))));
}

async function readBank() {
  bank = await get("/bank/account");
  drawBalance();
}

// Transfers

const transfer = element("section", { class: "card", "aria-labelledby": "transfer" });

function drawTransfer(said) {
  // However often the same is sent, because no answer came: one payment. Another one has another name.
  let name, named;
  const payee = field("payee", say("pay.payee"), { type: "text", autocomplete: "off", required: true, maxlength: "140" });
  const amount = field("amount", say("bank.amount", { currency: bank.currency }), { type: "text", inputmode: "decimal", autocomplete: "off", required: true, hint: say("bank.threshold", { amount: sayMoney(bank.confirmFrom, bank.currency) }) });
  const reference = field("reference", say("bank.reference"), { type: "text", autocomplete: "off", maxlength: "140" });
  transfer.replaceChildren(
    element("h2", { id: "transfer", tabindex: "-1" }, say("bank.transfer")), ...(said ? [said] : []),
    form([payee, amount, reference], say("bank.send"), async (values) => {
      transfer.querySelector(":scope > .notice")?.remove();
      const cents = readMoney(values.amount, bank.currency);
      if (!cents) {
        amount.complain(say("money.wrong"));
        amount.input.focus();
        return;
      }
      const details = {
        amount: cents, currency: bank.currency, payee: values.payee.trim(),
        ...(values.reference.trim() ? { reference: values.reference.trim() } : {}),
      };
      if (named !== JSON.stringify(details)) {
        named = JSON.stringify(details);
        name = crypto.randomUUID();
      }
      const needsProof = cents >= bank.confirmFrom && cents <= bank.balance;
      if (needsProof && !session.twoFactorEnabled) {
        transfer.querySelector("h2").after(note("warn", element("p", null, say("problem.no_second_factor")),
          element("p", null, element("a", { href: "/account/security#two-step" }, say("register.done.protect")))));
        return;
      }
      const authorization = needsProof ? await confirm("transfer", details) : undefined;
      await call("POST", "/bank/transfers", { ...details, ...(authorization ? { authorization } : {}) }, { "Idempotency-Key": name });
      drawTransfer(note("good", element("p", null, say("bank.sent", { amount: sayMoney(cents, bank.currency), payee: details.payee }))));
      transfer.querySelector("h2").focus();
      // It is done, whether or not what is shown beside it can be had now.
      await Promise.allSettled([readBank(), drawNotifications()]);
    }));
}

// Notifications, as they are delivered

const notifications = element("section", { class: "card", "aria-labelledby": "notifications" });
const list = element("ul", { class: "list", "aria-live": "polite" });
const DONE = ["delivered", "undelivered", "failed", "expired", "unknown"];
const KINDS = { delivered: "good", undelivered: "bad", failed: "bad", expired: "bad", unknown: "warn" };
const known = new Map();

function drawNotification(event) {
  const data = event.data ?? {};
  const amount = data.amount !== undefined && data.currency ? sayMoney(data.amount, data.currency) : "";
  return element("li", null,
    element("span", { class: "what" },
      element("strong", null, say(`event.${event.type}`)),
      (amount || data.recipient || data.sender) && element("span", null, [amount, data.recipient ?? data.sender].filter(Boolean).join(" · ")),
      element("span", { class: "small quiet" }, sayTime(event.createdAt))),
    element("span", { class: "row" }, (event.messages ?? []).map((message) =>
      element("span", { class: `tag ${KINDS[message.status] ?? ""}` }, `${say(`channel.${message.channel}`)}: ${say(`status.${message.status}`)}`))));
}

/** The newest ten, with what became of their messages. */
async function drawNotifications() {
  const { notifications: events } = await get("/api/notifications?limit=10");
  const full = await Promise.all(events.map(async (event) => {
    const before = known.get(event.notificationId);
    if (before?.messages.every((message) => DONE.includes(message.status))) return before;
    const now = await get(`/api/notifications/${event.notificationId}`);
    known.set(event.notificationId, now);
    return now;
  }));
  isPending = full.some((event) => event.messages.some((message) => !DONE.includes(message.status)));
  // Drawn only when it is another: a screen reader says what is new, and not the same every few seconds.
  const state = JSON.stringify(full);
  if (state === drawn) return;
  drawn = state;
  list.replaceChildren(...full.map(drawNotification));
  empty.hidden = full.length > 0;
}

let drawn, isPending = false;

const empty = element("p", { class: "empty" });
const SOON = 3_000, LATER = 15_000;
// Asking keeps a session alive, which must not outlive who uses it.
const ATTENTION = 5 * 60_000;
let lastSeen = Date.now(), lastLook = 0;

/** Looks again, soon while a message is on its way, for as long as somebody is there. */
function watch() {
  setTimeout(async () => {
    const isDue = isPending || Date.now() - lastLook >= LATER;
    const isSeen = document.visibilityState === "visible" && navigator.onLine && Date.now() - lastSeen < ATTENTION;
    if (isDue && isSeen && !(await look())) return;
    watch();
  }, SOON);
}

/** Looks for notifications; false when there is no use in looking again. */
async function look() {
  lastLook = Date.now();
  try {
    await drawNotifications();
    complaint = undefined;
    trouble.replaceChildren();
  } catch (problem) {
    if (problem instanceof Cancelled) return false;
    if (complaint !== problem.code) trouble.replaceChildren(notice(problem));
    complaint = problem.code;
    return problem.status !== 401;
  }
  return true;
}

let complaint;

const trouble = element("div");

begin("dashboard.title", async () => {
  session = await get("/api/auth/session");
  navigateAs(session, "/dashboard");
  empty.textContent = say("bank.noNotifications");
  notifications.replaceChildren(element("h2", { id: "notifications" }, say("bank.notifications")), trouble, empty, list);
  try {
    await readBank();
    drawTransfer();
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    balance.replaceChildren(element("h2", { id: "balance" }, say("bank.balance")), element("p", null, say("bank.none")));
    transfer.hidden = true;
  }
  await look();
  watch();
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => (lastSeen = Date.now()));
  const name = session.name || session.email;
  return [
    element("h1", { tabindex: "-1" }, say("dashboard.hello", { name })),
    ...(session.twoFactorEnabled ? [] : [note("warn", element("p", null, say("dashboard.unprotected")),
      element("p", null, element("a", { href: "/account/security#two-step" }, say("register.done.protect"))))]),
    element("div", { class: "grid" }, balance, transfer, notifications),
  ];
}, { signedIn: true, current: "/dashboard" });
