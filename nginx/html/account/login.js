import { post } from "/common/api.js";
import { element } from "/common/dom.js";
import { begin, show } from "/common/page.js";
import { emailField, form, note, passwordField } from "/common/parts.js";
import { say } from "/common/words.js";
import { proceed } from "./proceed.js";

const query = new URLSearchParams(location.search);
const next = query.has("next") ? `?${new URLSearchParams({ next: query.get("next") })}` : "";

function signIn() {
  const email = emailField();
  const password = passwordField("password", say("password"), "current-password");
  return element("div", { class: "card" },
    element("h1", { tabindex: "-1" }, say("login.title")),
    query.has("out") && note("good", element("p", null, say("login.out"))),
    query.has("reset") && note("good", element("p", null, say("login.reset"))),
    form([email, password], say("login.act"), async (values) => {
      const answer = await post("/api/auth/login", values);
      if (!answer.requires2FA) {
        proceed();
        return;
      }
      // Most sign-ins on a device of one's own end above.
      const { secondStep, waiting } = await import("./sign-in.js");
      const login = waiting(answer);
      history.pushState(login, "", `/account/code${next}`);
      show(secondStep(login, answer.challengeId));
    }),
    element("p", null, element("a", { href: "/account/forgot" }, say("login.forgot"))),
    element("hr"),
    element("p", { class: "quiet" }, say("login.new"), " ", element("a", { href: "/account/register" }, say("register.title"))));
}

addEventListener("popstate", () => location.reload());
begin("login.title", async () => [signIn()], { current: "/account/login" });
