import { Cancelled } from "./api.js";
import { delivery } from "./delivery.js";
import { element } from "./dom.js";
import { busy, button, countdown, field, notice } from "./parts.js";
import { say, sayMoney } from "./words.js";

/** When another code may be asked for after an answer of the API, in milliseconds of this clock. */
export const nextAfter = ({ resendAfter }) => Date.now() + (resendAfter ?? 0) * 1000;

/** What ends a step: nothing that is entered can be right any more. */
const ENDS = ["challenge_expired", "challenge_exhausted", "not_found", "nothing_to_confirm", "unauthenticated"];
/** Of a backup code, which is judged only when it is whole. */
const BACKUP_LENGTH = 24;

/**
 * Asks for a code: that of a text message or call, of an app, or a backup code.
 *
 * @param {Object} options
 * @param {string} options.title
 * @param {"sms"|"app"} options.method
 * @param {string} [options.maskedPhone] where it went
 * @param {boolean} [options.sent] false where none is on its way yet
 * @param {string} [options.expiresAt] when all of it has to be begun again
 * @param {number} [options.nextAt] when another may be asked for, in milliseconds of this clock
 * @param {Object} [options.details] of a payment, to be seen beside the code
 * @param {boolean} [options.remembers] whether the device may be remembered
 * @param {boolean} [options.takesBackupCodes]
 * @param {boolean} [options.textsToo] whether an app's owner may ask for a text message
 * @param {boolean} [options.texted] whether such a one was asked for already
 * @param {(answer: {code?: string, backupCode?: string, rememberDevice?: boolean, method: string}) => Promise} options.submit
 * @param {boolean} [options.calls] whether a call may be asked for
 * @param {(channel: "sms"|"call") => Promise<{resendAfter?: number}>} [options.resend]
 * @param {() => Promise<{attemptsRemaining: number, code?: Object}>} [options.look] asks how it stands, and what became of the code
 * @param {string} [options.lead] in place of what is said above an app's code
 * @param {string} [options.about] what a wrong code is about, where there are words for just that
 * @param {() => void} options.again begins all of it again
 * @param {[string, () => void]} [options.back] the words and act of a way back
 * @param {string} [options.heading] the element of its title
 */
export function codeStep(options) {
  const { submit, resend, again, remembers = false, takesBackupCodes = false, textsToo = false, calls = true, heading = "h1" } = options;
  let method = options.texted ? "sms" : options.method;
  let usesBackup = false;
  let texted = options.texted || method === "sms";
  let isOver = false;
  /** The code that was sent has no tries left; another one has. */
  let isDead = false;
  const waiting = new AbortController();
  const node = element("section", { class: "stack" });
  const title = element(heading, { tabindex: "-1" }, options.title);
  const lead = element("p", { class: "lead" });
  const place = element("div");
  const said = element("p", { class: "small", role: "status" });
  const arrival = options.look && delivery(options.look, waiting.signal, (seen) => {
    // Tried before the page was loaded anew, or elsewhere.
    if (seen.attemptsRemaining === 0 && !isDead && method === "sms") die();
  }, (problem) => ENDS.includes(problem.code) && end(problem));

  const code = field("code", say("code.label"), {
    hint: say("code.hint"),
    class: "digits", type: "text", inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]*",
    spellcheck: "false", "aria-required": "true",
  });
  const backup = field("backupCode", say("code.backup.label"), {
    class: "spaced", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    hint: say("code.backup.hint"), "aria-required": "true",
  });
  const remember = element("input", { type: "checkbox", id: "rememberDevice" });
  const confirm = element("button", { type: "submit", class: "main wide" }, say("code.confirm"));
  const choices = element("div", { class: "choices" });

  // Any way of pasting will do: spaces, dashes, or the whole message with one run of six digits.
  code.input.addEventListener("input", () => {
    const text = code.input.value;
    const digits = /(?<!\d)\d{6}(?!\d)/.exec(text)?.[0] ?? text.replace(/\D/g, "").slice(0, 6);
    if (digits !== text) code.input.value = digits;
    if (digits.length === 6) form.requestSubmit();
  });

  const form = element("form", { novalidate: true, submit: (event) => {
    event.preventDefault();
    const shown = usesBackup ? backup : code;
    const value = shown.input.value.trim();
    if (isDead) return;
    if (usesBackup ? value.replace(/[\s-]/g, "").length !== BACKUP_LENGTH : value.length !== 6) {
      shown.complain(say(usesBackup ? "code.backup.short" : "code.sixDigits"));
      shown.input.focus();
      return;
    }
    busy(confirm, async () => {
      place.replaceChildren();
      await arrival?.pause();
      try {
        await submit({ ...(usesBackup ? { backupCode: value } : { code: value }), ...(remembers && remember.checked ? { rememberDevice: true } : {}), method });
        waiting.abort();
      } catch (problem) {
        const isUsedUp = problem.attemptsRemaining === 0;
        // Only another code brings new tries, and an app has no other.
        if (ENDS.includes(problem.code) || isUsedUp && (usesBackup || method === "app" || !resend)) {
          end(isUsedUp ? { code: "challenge_exhausted" } : problem);
          return;
        }
        if (!usesBackup) code.input.value = "";
        if (isUsedUp) {
          await useUp();
          return;
        }
        place.replaceChildren(notice(problem, options.about ?? (usesBackup ? "backup" : method)));
        shown.input.focus();
      } finally {
        arrival?.resume();
      }
    });
  } });

  /** No code can be right now: its tries are used up, or there is none that lives, in which case a backup code still is. */
  async function useUp() {
    const seen = await options.look?.().catch(() => null);
    if (seen?.attemptsRemaining > 0) {
      place.replaceChildren(notice({ code: "code_gone" }));
      code.input.focus();
    } else {
      die();
    }
  }

  /** The code that was sent last has no tries left, and so there are none for anything before another is sent. */
  function die() {
    isDead = true;
    usesBackup = false;
    place.replaceChildren(notice({ code: "code_incorrect", attemptsRemaining: 0 }));
    draw();
    node.querySelector(".choices button")?.focus();
  }

  /** Nothing can be entered here any more. */
  function end(problem) {
    if (isOver) return;
    isOver = true;
    waiting.abort();
    node.replaceChildren(title, notice(problem), button("main wide", say("code.again"), again));
    title.focus();
  }

  let nextAt = options.nextAt ?? 0;

  function drawLead() {
    lead.textContent = usesBackup ? say("code.backup.lead")
      : method === "app" ? options.lead ?? say("code.app.lead")
      : options.sent === false ? say(nextAt > Date.now() ? "code.sms.limited" : "code.sms.unsent")
      : options.maskedPhone ? say("code.sms.lead", { phone: options.maskedPhone }) : say("code.sms.leadAnywhere");
    lead.hidden = !lead.textContent;
  }

  function draw() {
    const isText = method === "sms" && !usesBackup;
    if (arrival) arrival.node.hidden = !isText;
    drawLead();
    // An app's code in place of a text message's goes a way that remembers nothing.
    const isRemembered = remembers && !(method === "app" && texted);
    form.replaceChildren(
      ...(isRemembered ? [element("label", { class: "check", for: remember.id }, remember, element("span", null, say("code.remember")))] : []),
      (usesBackup ? backup : code).node, place, confirm);
    code.input.readOnly = isDead;
    confirm.toggleAttribute("disabled", isDead);
    choices.replaceChildren();
    if (isText && resend) choices.append(...ways());
    if (method === "app" && textsToo && !usesBackup) choices.append(link("code.useText", () => (texted ? turn(() => (method = "sms")) : ask("sms"))));
    if (isDead) choices.append(link("code.again", again));
    else if (textsToo && method === "sms") choices.append(link("code.useApp", () => turn(() => (method = "app"))));
    if (takesBackupCodes && !isDead) choices.append(link(usesBackup ? "code.useCode" : "code.useBackup", () => turn(() => (usesBackup = !usesBackup))));
    if (options.back) choices.append(link(options.back[0], options.back[1]));
  }

  const link = (name, act) => button("link", say(name), async () => act());

  function turn(change) {
    change();
    place.replaceChildren();
    draw();
    (usesBackup ? backup : code).input.focus();
  }

  /** Another text, or a call: both once the wait that the server has set is over. */
  function ways() {
    const text = link(options.sent === false ? "code.send" : "code.resend", () => ask("sms"));
    const both = calls ? [text, link("code.call", () => ask("call"))] : [text];
    if (nextAt <= Date.now()) return both;
    for (const each of both) each.setAttribute("aria-disabled", "true");
    const wait = countdown(nextAt, "code.resendIn", null, () => {
      for (const each of both) each.removeAttribute("aria-disabled");
      wait.remove();
      drawLead();
    });
    return [wait, ...both];
  }

  async function ask(channel) {
    place.replaceChildren();
    said.textContent = "";
    try {
      const answer = await resend(channel);
      options.sent = true;
      nextAt = nextAfter(answer);
      said.textContent = say(channel === "call" ? "code.called" : texted ? "code.resent" : "code.sent");
      isDead = false;
      method = "sms";
      texted = true;
      arrival?.follow();
    } catch (problem) {
      if (ENDS.includes(problem.code)) {
        end(problem);
        return;
      }
      if (problem.waitsUntil) nextAt = problem.waitsUntil;
      if (!(problem instanceof Cancelled)) place.replaceChildren(notice(problem));
    }
    draw();
    code.input.focus();
  }

  // WebOTP: where the phone reads the message's last line, `@host #code`, the code fills itself in.
  if (method === "sms" && "OTPCredential" in window) {
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: waiting.signal }).then((otp) => {
      code.input.value = otp.code;
      code.input.dispatchEvent(new Event("input"));
    }, () => {});
  }
  if (options.expiresAt) {
    const left = Date.parse(options.expiresAt) - Date.now();
    const timer = setTimeout(() => end({ code: "challenge_expired" }), Math.max(0, left));
    waiting.signal.addEventListener("abort", () => clearTimeout(timer));
  }

  node.append(title, ...(options.details ? [payment(options.details)] : []), lead, ...(arrival ? [arrival.node] : []), form, said, choices);
  draw();
  if (method === "sms" && options.sent !== false) arrival?.follow();
  queueMicrotask(() => node.isConnected && code.input.focus());
  return node;
}

/** Amount and payee, as they are confirmed. */
function payment({ amount, currency, payee, reference }) {
  return element("dl", { class: "facts notice" },
    element("dt", null, say("pay.amount")), element("dd", null, sayMoney(amount, currency)),
    element("dt", null, say("pay.payee")), element("dd", null, payee),
    ...(reference ? [element("dt", null, say("pay.reference")), element("dd", null, reference)] : []));
}
