import { post } from "/common/api.js";
import { element } from "/common/dom.js";
import { begin, show } from "/common/page.js";
import { button, countdown, field, form, note, passwordField } from "/common/parts.js";
import { phoneField } from "/common/phone-step.js";
import { say } from "/common/words.js";

// Before another code may be asked for, and how long one is worth entering; the API says neither, so as to tell nobody anything.
const WAIT = 60_000, LIFE = 600_000;

async function ask(before) {
  history.replaceState(null, "");
  const phone = await phoneField(before);
  return element("div", { class: "card" },
    element("h1", { tabindex: "-1" }, say("forgot.title")), element("p", { class: "lead" }, say("forgot.lead")),
    form([phone], say("phone.send"), async ({ phoneNumber }) => {
      await post("/api/auth/sms/request-password-reset", { phoneNumber });
      const step = { phoneNumber, ...phone.typed(), asked: Date.now() };
      history.replaceState(step, "");
      show(set(step));
    }),
    element("p", null, element("a", { href: "/account/login" }, say("forgot.back"))));
}

/** The code and the new password, and the second proof once the API has asked for it. */
function set(step) {
  const { phoneNumber } = step;
  const digits = { type: "text", inputmode: "numeric", pattern: "[0-9]*", maxlength: "16", spellcheck: "false", required: true };
  const code = field("code", say("code.label"), { ...digits, autocomplete: "one-time-code" });
  const password = passwordField("newPassword", say("password.new"), "new-password", say("password.hint"));
  const second = field("emailCode", say("forgot.second.label"), { ...digits, required: false, autocomplete: "off", hint: say("forgot.second.hint") });
  const backup = field("backupCode", say("forgot.second.backup"), { class: "spaced", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
  const proof = element("fieldset", { hidden: true },
    element("legend", null, say("forgot.second.title")), element("p", { class: "hint" }, say("forgot.second.lead")), second.node, backup.node);
  const again = element("div", { class: "choices" });
  const change = button("link", say("phone.change"), async () => show(await ask(step)));
  const drawAgain = () => {
    const isOver = Date.now() >= step.asked + WAIT;
    const send = button("link", say("code.resend"), async () => {
      await post("/api/auth/sms/request-password-reset", { phoneNumber });
      step.asked = Date.now();
      history.replaceState(step, "");
      drawAgain();
    });
    if (isOver) {
      again.replaceChildren(send, change);
      return;
    }
    send.setAttribute("aria-disabled", "true");
    const wait = countdown(step.asked + WAIT, "code.resendIn", null, () => {
      send.removeAttribute("aria-disabled");
      wait.remove();
    });
    again.replaceChildren(wait, send, change);
  };
  drawAgain();
  return element("div", { class: "card" },
    element("h1", { tabindex: "-1" }, say("forgot.set.title")), note("", element("p", null, say("forgot.sent", { phone: step.shown }))),
    form([code, password, proof], say("forgot.act"), async ({ code: given, newPassword }) => {
      const email = second.input.value.replace(/\s/g, "");
      const spare = backup.input.value.trim();
      try {
        await post("/api/auth/sms/verify-and-reset", {
          phoneNumber, code: given.replace(/\s/g, ""), newPassword,
          ...(spare ? { backupCode: spare } : email ? { emailCode: email } : {}),
        });
      } catch (problem) {
        if (problem.code !== "second_proof_required") throw problem;
        const isFirst = proof.hidden;
        proof.hidden = false;
        second.input.focus();
        if (isFirst) return;
        throw problem;
      }
      history.replaceState(null, "");
      location.replace("/account/login?reset");
    }),
    again);
}

begin("forgot.title", async () => [history.state?.phoneNumber && Date.now() - history.state.asked < LIFE ? set(history.state) : await ask()]);
