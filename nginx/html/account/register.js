import { post } from "/common/api.js";
import { element } from "/common/dom.js";
import { begin } from "/common/page.js";
import { emailField, field, form, passwordField } from "/common/parts.js";
import { language, say } from "/common/words.js";

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
      location.replace("/account/verify-phone?new");
    }),
    element("hr"),
    element("p", { class: "quiet" }, say("register.known"), " ", element("a", { href: "/account/login" }, say("login.title"))));
}

begin("register.title", async () => [account()], { current: "/account/register" });
