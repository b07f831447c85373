import { post } from "/common/api.js";
import { element } from "/common/dom.js";
import { begin, navigate, show } from "/common/page.js";
import { emailField, field, form, note, passwordField } from "/common/parts.js";
import { phoneStep } from "/common/phone-step.js";
import { language, say, sayPhone } from "/common/words.js";

function account() {
  const email = emailField();
  const name = field("name", say("register.name"), { type: "text", autocomplete: "name", maxlength: "100" });
  const password = passwordField("password", say("password"), "new-password", say("password.hint"));
  return element("div", { class: "card" },
    element("p", { class: "small quiet" }, say("register.step", { step: 1, steps: 2 })),
    element("h1", { tabindex: "-1" }, say("register.title")),
    form([email, name, password], say("register.act"), async (values) => {
      if (!email.input.validity.valid) {
        email.complain(say("email.wrong"));
        email.input.focus();
        return;
      }
      const { name: called, ...rest } = values;
      await post("/api/auth/register", { ...rest, ...(called.trim() ? { name: called.trim() } : {}), locale: language });
      // From here on the account is there: loading the page anew leads to its phone.
      history.replaceState(null, "", "/account/verify-phone");
      navigate(true);
      const place = element("div", { class: "card" });
      await phoneStep({
        place, isPage: true, done: finished,
        beside: [element("p", null, element("a", { href: "/dashboard" }, say("register.later")))],
      });
      place.prepend(element("p", { class: "small quiet" }, say("register.step", { step: 2, steps: 2 })));
      show(place);
    }),
    element("hr"),
    element("p", { class: "quiet" }, say("register.known"), " ", element("a", { href: "/account/login" }, say("login.title"))));
}

function finished(phoneNumber) {
  show(element("div", { class: "card" },
    element("h1", { tabindex: "-1" }, say("register.done.title")),
    note("good", element("p", null, say("phone.done", { phone: sayPhone(phoneNumber) }))),
    element("p", null, say("register.done.lead")),
    element("a", { class: "button", href: "/account/security#two-step" }, say("register.done.protect")),
    element("a", { class: "button plain", href: "/dashboard" }, say("register.done.later"))));
}

begin("register.title", async () => [account()], { current: "/account/register" });
