import { Cancelled, breakOff, call } from "./api.js";
import { element, freshId } from "./dom.js";
import { hasWords, keepLanguage, language, languages, loadWords, say, sayTime, sayWait } from "./words.js";

const main = document.querySelector("main");
let needsSession = false;

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
    await loadWords(only);
  } catch {
    main.replaceChildren(element("p", { class: "notice bad", role: "alert" },
      "This page could not be loaded. Check your connection, and load it again."));
    return;
  }
  needsSession = signedIn;
  frame(signedIn, current, links, only);
  entitle(say(title));
  main.replaceChildren(element("h1", null, say(title)), element("p", { class: "loading", role: "status" }, say("loading")));
  await attempt(build);
}

async function attempt(build) {
  try {
    show(...(await build()));
  } catch (problem) {
    show(element("section", { class: "card" }, element("h1", { tabindex: "-1" }, say("failed.title")), notice(problem),
      button("plain", say("failed.again"), () => attempt(build))));
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
  location.reload();
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

// Parts

/** A button for an act; what goes wrong is said behind it. */
export function button(kind, text, act) {
  const node = element("button", { type: "button", class: kind }, text);
  let said;
  node.addEventListener("click", () => busy(node, async () => {
    said?.remove();
    try {
      await act();
    } catch (problem) {
      if (problem instanceof Cancelled) return;
      said = notice(problem);
      (node.closest(".row, .choices, li") ?? node).after(said);
    }
  }));
  return node;
}

/** Runs an act once at a time, with its button saying so; a second press meanwhile is nothing. */
export async function busy(node, act) {
  if (node.getAttribute("aria-disabled") === "true") return;
  node.setAttribute("aria-disabled", "true");
  node.setAttribute("aria-busy", "true");
  try {
    await act();
  } finally {
    node.removeAttribute("aria-busy");
    node.removeAttribute("aria-disabled");
  }
}

/**
 * The words of a problem.
 *
 * @param {string} [about] what it is about, where there are words for just that: a field, or `app`, `backup`
 */
function words(problem, about) {
  const code = problem.code ?? "internal_error";
  const name = [problem.reason, about].filter(Boolean).map((each) => `problem.${code}.${each}`).find(hasWords) ?? `problem.${code}`;
  return hasWords(name) ? say(name) : problem.error || say("problem.internal_error");
}

/**
 * What went wrong, and what to do next; the wait counts down where there is one.
 *
 * @param {Problem|Error} problem
 * @param {string} [about] as for its words
 */
export function notice(problem, about) {
  if (problem.code === "unauthenticated" && needsSession) leave();
  const node = element("div", { class: `notice ${problem.waitsUntil || problem.code === "cooling_off" ? "warn" : "bad"}`, role: "alert" },
    element("p", null, words(problem, about)));
  if (problem.attemptsRemaining > 0) node.append(element("p", null, say("problem.attemptsRemaining", { count: problem.attemptsRemaining })));
  if (problem.attemptsRemaining === 0) node.append(element("p", null, say("problem.noAttempts")));
  if (problem.until) node.append(element("p", null, say("problem.until", { time: sayTime(problem.until) })));
  if (problem.waitsUntil) node.append(countdown(problem.waitsUntil, "problem.wait", "problem.waited"));
  if (problem.status >= 500 && problem.requestId) {
    node.append(element("p", { class: "small" }, say("problem.reference", { id: problem.requestId })));
  }
  return node;
}

/** The session has ended elsewhere: what it showed goes, and the way back in leads here. */
function leave() {
  needsSession = false;
  for (const open of document.querySelectorAll("dialog")) open.close();
  navigate(false);
  const next = encodeURIComponent(location.pathname + location.search);
  main.className = "narrow";
  show(element("div", { class: "card" }, element("h1", { tabindex: "-1" }, say("login.out")), element("p", null, say("problem.unauthenticated")),
    element("a", { class: "button", href: `/account/login?next=${next}` }, say("login.act"))));
}

// One place for what is said in passing: a screen reader hears changes of what was there before.
const announcer = element("div", { class: "unseen", role: "status" });

/** Something to know that is nothing wrong; a screen reader says it. */
export function note(kind, ...children) {
  const node = element("div", { class: `notice ${kind}` }, ...children);
  announcer.textContent = "";
  setTimeout(() => (announcer.textContent = node.textContent), 100);
  return node;
}

/** Draws a place anew; a focus that was inside and is gone goes to the place itself, and not to the page's beginning. */
export function redraw(place, ...nodes) {
  const had = place.contains(document.activeElement);
  place.replaceChildren(...nodes.flat().filter(Boolean));
  if (!had || place.contains(document.activeElement)) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/**
 * A text with the time that is left, each second anew. A screen reader hears it once, and its end.
 *
 * @param {number} until milliseconds of the clock
 * @param {string} name words with `{time}`
 * @param {string} [after] words for when the time is over
 */
export function countdown(until, name, after, whenOver) {
  const shown = element("span", { "aria-hidden": "true" });
  const spoken = element("span", { class: "unseen", role: "status" });
  const node = element("p", { class: "small" }, shown, spoken);
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    if (left > 0) {
      shown.textContent = say(name, { time: sayWait(left) });
      if (!spoken.textContent) spoken.textContent = shown.textContent;
      if (node.isConnected || !node.wasShown) setTimeout(tick, 1000 - ((Date.now() - until) % 1000 + 1000) % 1000 || 1000);
      node.wasShown ||= node.isConnected;
      return;
    }
    shown.textContent = after ? say(after) : "";
    spoken.textContent = shown.textContent;
    whenOver?.();
  };
  tick();
  return node;
}

/**
 * A labelled field with room for a hint and for what is wrong with it.
 *
 * @returns {{ node: Element, input: HTMLInputElement, complain: (text: string) => void }}
 */
export function field(name, label, { hint, input, ...attributes } = {}) {
  const id = freshId(name);
  input ??= element("input", { id, name, ...attributes });
  input.id ||= id;
  const wrong = element("p", { class: "wrong", id: `${input.id}-wrong`, hidden: true });
  const described = [wrong.id];
  const parts = [element("label", { for: input.id }, label)];
  if (hint) {
    parts.push(element("p", { class: "hint", id: `${input.id}-hint` }, hint));
    described.unshift(`${input.id}-hint`);
  }
  input.setAttribute("aria-describedby", described.join(" "));
  const complain = (text) => {
    wrong.textContent = text ?? "";
    wrong.hidden = !text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => complain(null));
  return { node: element("div", { class: "field" }, ...parts, input, wrong), input, name, complain };
}

/** A field for the address that an account is known by. */
export const emailField = () => field("email", say("email"), {
  type: "email", autocomplete: "username", inputmode: "email", required: true, maxlength: "254", spellcheck: "false", autocapitalize: "none",
});

/** A field for a password: it can be shown, pasted, and filled in by a password manager. */
export function passwordField(name, label, autocomplete, hint) {
  const made = field(name, label, { type: "password", autocomplete, hint, required: true, maxlength: "256", spellcheck: "false", autocapitalize: "none" });
  const toggle = element("button", { type: "button", class: "plain", "aria-pressed": "false", "aria-controls": made.input.id, click: () => {
    const shown = made.input.type === "password";
    made.input.type = shown ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(shown));
  } }, say("password.show"));
  const row = element("div", { class: "with-button" });
  made.input.replaceWith(row);
  row.append(made.input, toggle);
  return made;
}

/**
 * A form that does one thing. What goes wrong is said at the field it is about, else above the button.
 *
 * @param {Array} parts fields of `field`, and nodes
 * @param {string} label the button's
 * @param {(values: Object) => Promise<void>} act
 * @param {Object} options
 * @param {string} [options.kind] of the button
 * @param {Array} [options.within] fields that stand inside the nodes
 */
export function form(parts, label, act, { kind = "main wide", within = [] } = {}) {
  const fields = [...parts.filter((part) => part?.complain), ...within];
  const place = element("div");
  const submit = element("button", { type: "submit", class: kind }, label);
  const node = element("form", { novalidate: true, submit: (event) => {
    event.preventDefault();
    busy(submit, async () => {
      place.replaceChildren();
      for (const each of fields) each.complain(null);
      const empty = fields.find((each) => each.input.required && !each.input.value.trim());
      if (empty) {
        empty.complain(say("field.missing"));
        empty.input.focus();
        return;
      }
      const values = {};
      for (const each of fields) values[each.name] = each.value ? each.value() : each.input.value;
      try {
        await act(values);
      } catch (problem) {
        if (problem instanceof Cancelled) return;
        // A password alone was judged, without the address beside it that signing in has.
        const isPassword = problem.code === "credentials_invalid" && !fields.some((each) => each.name === "email");
        const about = fields.find((each) => (isPassword ? each.input.autocomplete === "current-password" : each.name === problem.field));
        if (about) {
          about.complain(words(problem, isPassword ? "password" : about.name));
          about.input.focus();
        } else {
          place.replaceChildren(notice(problem));
        }
      }
    });
  } }, ...parts.map((part) => part?.node ?? part), place, submit);
  return node;
}

/** A dialog over the page; closing it any way gives the focus back, and calls `closed`. */
export function dialog(closed) {
  const node = element("dialog", { close: () => {
    node.remove();
    closed?.();
  } });
  document.body.append(node);
  return { node, open: (...children) => {
    node.replaceChildren(...children);
    const heading = node.querySelector("h1, h2");
    if (heading) node.setAttribute("aria-labelledby", (heading.id ||= freshId("heading")));
    if (!node.open) node.showModal();
  }, close: () => node.close() };
}
