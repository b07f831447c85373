import { element } from "./dom.js";
import { begin } from "./page.js";
import { say } from "./words.js";

/** The pages that nginx shows in place of one that is not there, or cannot be shown: their `main` names which. */
const name = document.querySelector("main").dataset.says;

begin(`${name}.title`, async () => [element("div", { class: "card" },
  element("h1", { tabindex: "-1" }, say(`${name}.title`)), element("p", null, say(`${name}.lead`)),
  name === "missing" ? element("a", { class: "button", href: "/dashboard" }, say("nav.dashboard"))
    : element("a", { class: "button", href: location.pathname + location.search }, say("failed.again")))]);
