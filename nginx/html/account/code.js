import { element } from "/common/dom.js";
import { begin } from "/common/page.js";
import { say } from "/common/words.js";
import { secondStep } from "./sign-in.js";

/** Nothing waits here: the page was opened by itself, or too late. */
const nothing = () => element("div", { class: "card" },
  element("h1", { tabindex: "-1" }, say("code.none.title")), element("p", null, say("code.none.lead")),
  element("a", { class: "button", href: `/account/login${location.search}` }, say("login.title")));

addEventListener("popstate", () => location.reload());
begin("code.title", async () => [
  Date.parse(history.state?.expiresAt) > Date.now() ? secondStep(history.state) : nothing(),
]);
