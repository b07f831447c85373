import { breakOff, call } from "./api.js";
import { element } from "./dom.js";
import { ENDED, announcer, button, notice } from "./parts.js";
import { keepLanguage, language, languages, loadWords, say } from "./words.js";

/** A page: its beginning, its frame, and its end when the session is over. */

const main = document.querySelector("main");

/**
 * Begins a page: its words, its frame, and then what `build` makes of it; what `build` cannot get is said, with a way to
 * try again.
 *
 * @param {string} title the name of the page's title among the words, or the title
 * @param {() => Promise<Node[]>} build
 * @param {Object} options
 * @param {boolean} [options.signedIn]
 * @param {string} [options.current] the path of this page in the navigation
 * @param {Array} [options.links] paths and names in place of the usual navigation
 * @param {string} [options.only] the one language that the page speaks
 */
export async function begin(title, build, { signedIn = false, current, links, only } = {}) {
  try {
    await loadWords(signedIn, only);
  } catch {
    main.replaceChildren(element("p", { class: "notice bad", role: "alert" },
      "This page could not be loaded. Check your connection, and load it again."));
    return;
  }
  if (signedIn) document.addEventListener(ENDED, leave, { once: true });
  frame(signedIn, current, links, only);
  entitle(say(title));
  main.replaceChildren(element("h1", null, say(title)), element("p", { class: "loading", role: "status" }, say("loading")));
  await attempt(build, takeTyped());
}

async function attempt(build, typed) {
  try {
    show(...(await build()));
    fillIn(typed);
  } catch (problem) {
    const said = notice(problem);
    // The page is another then.
    if (problem.code === "unauthenticated") return;
    show(element("section", { class: "card" }, element("h1", { tabindex: "-1" }, say("failed.title")), said,
      button("plain", say("failed.again"), () => attempt(build, typed))));
  }
}

export const entitle = (text) => (document.title = `${text} · Countersign`);

/** Puts something in place of what the page shows, and the reader at its beginning. */
export function show(...nodes) {
  const isFirst = main.querySelector(".loading") !== null;
  main.replaceChildren(...nodes.flat());
  if (!isFirst) main.querySelector("h1")?.focus();
}

const OF_A_PERSON = [["/dashboard", "nav.dashboard"], ["/account/security", "nav.security"]];
const OF_ANYBODY = [["/account/login", "nav.signIn"], ["/account/register", "nav.register"]];

/** The navigation of who is signed in, with the way to the panel where there is one. */
export const navigateAs = (session, current) =>
  navigate(true, current, session.role === "user" ? OF_A_PERSON : [...OF_A_PERSON, ["/admin/", "dashboard.admin"]]);

/** The navigation, for who is signed in and for who is not. */
export function navigate(signedIn, current, links = signedIn ? OF_A_PERSON : OF_ANYBODY) {
  const nav = element("nav", { "aria-label": say("nav.label") },
    links.map(([path, name]) => element("a", { href: path, "aria-current": path === current && "page" }, say(name))),
    signedIn && element("button", { type: "button", click: signOut }, say("nav.signOut")));
  document.querySelector(".top").replaceChildren(
    element("a", { class: "brand", href: "/dashboard" }, element("img", { src: "/common/icon.svg", alt: "" }), "Countersign"), nav);
}

function frame(signedIn, current, links, only) {
  navigate(signedIn, current, links);
  document.querySelector(".skip").textContent = say("nav.skip");
  const choice = element("select", { id: "language", change: () => chooseLanguage(choice.value, signedIn) },
    Object.entries(languages).map(([tag, name]) => element("option", { value: tag, lang: tag, selected: tag === language }, name)));
  document.querySelector(".foot").replaceChildren(
    ...(only ? [] : [element("label", { for: "language" }, say("language")), choice]), element("a", { href: "/docs/" }, say("nav.docs")));
  document.body.append(announcer);
  // Back leads to the page anew, and so to what may be seen now, not to a copy from before.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  const strip = element("p", { class: "strip", role: "status", hidden: navigator.onLine }, navigator.onLine ? "" : say("problem.offline"));
  document.querySelector(".top").after(strip);
  for (const event of ["online", "offline"]) {
    addEventListener(event, () => {
      strip.hidden = navigator.onLine;
      strip.textContent = navigator.onLine ? "" : say("problem.offline");
    });
  }
}

async function chooseLanguage(tag, signedIn) {
  keepLanguage(tag);
  // Messages follow the account; where that cannot be said now, the pages change all the same.
  if (signedIn) await call("PATCH", "/api/account", { locale: tag }).catch(() => {});
  const typed = KEPT.map((kind) => [kind, main.querySelector(`[autocomplete="${kind}"]`)?.value]).filter(([, value]) => value);
  history.replaceState({ ...history.state, typedFields: Object.fromEntries(typed) }, "");
  location.reload();
}

// By what they are for, and nothing that opens anything is among them.
const KEPT = ["username", "name", "tel-country-code", "tel"];

/** Takes what was typed before another language was chosen out of the history entry, whose steps are not to carry it on. */
function takeTyped() {
  const { typedFields = {}, ...rest } = history.state ?? {};
  if (history.state?.typedFields) history.replaceState(Object.keys(rest).length ? rest : null, "");
  return Object.entries(typedFields);
}

function fillIn(typed) {
  for (const [kind, value] of typed) {
    const input = main.querySelector(`[autocomplete="${CSS.escape(kind)}"]`);
    if (!input) continue;
    input.value = value;
    input.dispatchEvent(new Event("change"));
  }
}

/** Nobody is told to be signed out whose session goes on. */
async function signOut() {
  breakOff();
  try {
    await call("POST", "/api/auth/logout");
  } catch (problem) {
    if (problem.status !== 401) {
      main.prepend(notice(problem));
      scrollTo(0, 0);
      return;
    }
  }
  location.replace("/account/login?out");
}

/** The session has ended elsewhere: what it showed goes, but for backup codes, and the way back in leads here. */
function leave() {
  for (const open of document.querySelectorAll("dialog")) open.close();
  navigate(false);
  const next = encodeURIComponent(location.pathname + location.search);
  main.className = "narrow";
  show(element("div", { class: "card" }, element("h1", { tabindex: "-1" }, say("ended.title")), element("p", null, say("problem.unauthenticated")),
    element("a", { class: "button", href: `/account/login?next=${next}` }, say("login.act"))));
}
