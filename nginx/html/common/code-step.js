import { delivery } from "./delivery.js";
import { element } from "./dom.js";
import { busy, button, countdown, field, notice } from "./parts.js";
import { say, sayMoney } from "./words.js";

// A login that was loaded anew is told nothing about when another code may be asked for.
const USUAL_WAIT = 60;

/** When another code may be asked for after an answer of the API, in milliseconds of this clock. */
export const nextAfter = (answer) => Date.now() + (answer?.resendAfter ?? USUAL_WAIT) * 1000;

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
 * @param {boolean} [options.isBlind] whether nothing is answered to asking for another code: then none is promised, and no call
 * @param {(answer: {code?: string, backupCode?: string, rememberDevice?: boolean, method: string}) => Promise} options.submit
 * @param {boolean} [options.calls] whether a call may be asked for
 * @param {(channel: "sms"|"call") => Promise<{resendAfter?: number}>} [options.resend]
 * @param {() => Promise<Object>} [options.look] asks what became of the code
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
  const arrival = options.look && delivery(options.look, waiting.signal);

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
    if (usesBackup ? !value : value.length !== 6) {
      shown.complain(say(usesBackup ? "field.missing" : "code.sixDigits"));
      shown.input.focus();
      return;
    }
    busy(confirm, async () => {
      place.replaceChildren();
      try {
        await submit({ ...(usesBackup ? { backupCode: value } : { code: value }), ...(remembers && remember.checked ? { rememberDevice: true } : {}), method });
        waiting.abort();
      } catch (problem) {
        if (["challenge_expired", "challenge_exhausted", "not_found", "nothing_to_confirm", "unauthenticated"].includes(problem.code)) {
          end(problem);
          return;
        }
        place.replaceChildren(notice(problem, usesBackup ? "backup" : method));
        if (!usesBackup) code.input.value = "";
        isDead = problem.attemptsRemaining === 0;
        shown.input.focus();
      }
    });
  } });

  /** Nothing can be entered here any more. */
  function end(problem) {
    if (isOver) return;
    isOver = true;
    waiting.abort();
    node.replaceChildren(title, notice(problem), button("main wide", say("code.again"), again));
    title.focus();
  }

  let nextAt = options.nextAt ?? 0;

  function draw() {
    const isText = method === "sms" && !usesBackup;
    if (arrival) arrival.node.hidden = !isText;
    lead.textContent = usesBackup ? say("code.backup.lead")
      : method === "app" ? say("code.app.lead")
      : options.sent === false ? say("code.sms.unsent")
      : options.maskedPhone ? say("code.sms.lead", { phone: options.maskedPhone }) : say("code.sms.leadAnywhere");
    // An app's code in place of a text message's goes a way that remembers nothing.
    const isRemembered = remembers && !(method === "app" && texted);
    form.replaceChildren(
      ...(isRemembered ? [element("label", { class: "check", for: remember.id }, remember, element("span", null, say("code.remember")))] : []),
      (usesBackup ? backup : code).node, place, confirm);
    choices.replaceChildren();
    if (isText && resend) choices.append(...ways());
    if (method === "app" && textsToo && !usesBackup) choices.append(link("code.useText", () => (texted ? turn(() => (method = "sms")) : ask("sms"))));
    if (textsToo && method === "sms") choices.append(link("code.useApp", () => turn(() => (method = "app"))));
    if (takesBackupCodes) choices.append(link(usesBackup ? "code.useCode" : "code.useBackup", () => turn(() => (usesBackup = !usesBackup))));
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
    const both = calls && !options.isBlind ? [text, link("code.call", () => ask("call"))] : [text];
    if (nextAt <= Date.now()) return both;
    for (const each of both) each.setAttribute("aria-disabled", "true");
    const wait = countdown(nextAt, "code.resendIn", null, () => {
      for (const each of both) each.removeAttribute("aria-disabled");
      wait.remove();
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
      said.textContent = say(options.isBlind ? "code.asked" : channel === "call" ? "code.called" : texted ? "code.resent" : "code.sent");
      isDead = false;
      method = "sms";
      texted = true;
      arrival?.follow();
    } catch (problem) {
      if (problem.code === "challenge_expired" || problem.code === "not_found") {
        end(problem);
        return;
      }
      if (problem.code === "resend_too_soon" && problem.waitsUntil) nextAt = problem.waitsUntil;
      place.replaceChildren(notice(problem));
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
