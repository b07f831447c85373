import { Cancelled } from "./api.js";
import { element, freshId } from "./dom.js";
import { hasWords, say, sayTime, sayWait } from "./words.js";

/** What pages are made of: buttons, fields, forms, dialogs, and what is said about how things went. */

/** Of the document, when an answer says that there is no session any more. */
export const ENDED = "session-ended";

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
  if (problem.code === "unauthenticated") document.dispatchEvent(new Event(ENDED));
  const hasNoTries = problem.attemptsRemaining === 0;
  const node = element("div", { class: `notice ${problem.waitsUntil || problem.code === "cooling_off" ? "warn" : "bad"}`, role: "alert" },
    element("p", null, hasNoTries ? say("problem.noAttempts") : words(problem, about)));
  if (problem.code === "offline") addEventListener("online", () => node.remove(), { once: true });
  if (problem.attemptsRemaining > 0) node.append(element("p", null, say("problem.attemptsRemaining", { count: problem.attemptsRemaining })));
  if (problem.until) node.append(element("p", null, say("problem.until", { time: sayTime(problem.until) })));
  if (problem.waitsUntil) node.append(countdown(problem.waitsUntil, "problem.wait", "problem.waited"));
  if (problem.status >= 500 && problem.requestId) {
    node.append(element("p", { class: "small" }, say("problem.reference", { id: problem.requestId })));
  }
  return node;
}

// One place for what is said in passing: a screen reader hears changes of what was there before.
export const announcer = element("div", { class: "unseen", role: "status" });

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
  let wasShown = false;
  const tick = () => {
    const left = until - Date.now();
    // Nobody sees it any more.
    if (wasShown && !node.isConnected) return;
    wasShown ||= node.isConnected;
    if (left > 0) {
      shown.textContent = say(name, { time: sayWait(Math.ceil(left / 1000)) });
      if (!spoken.textContent) spoken.textContent = shown.textContent;
      setTimeout(tick, left % 1000 || 1000);
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
          const said = notice(problem);
          if (problem.field) said.append(element("p", { class: "small" }, element("code", null, problem.field)));
          place.replaceChildren(said);
        }
      }
    });
  } }, ...parts.map((part) => part?.node ?? part), place, submit);
  return node;
}

/**
 * A dialog over the page; closing it any way gives the focus back, and calls `closed`. While it is held only its own button
 * closes it: a browser lets a second press of Escape through whatever the page says to it.
 */
export function dialog(closed) {
  let isHeld = false;
  const node = element("dialog", {
    cancel: (event) => isHeld && event.preventDefault(),
    close: () => {
      if (isHeld) {
        node.showModal();
        return;
      }
      node.remove();
      closed?.();
    },
  });
  document.body.append(node);
  return { node, open: (...children) => {
    node.replaceChildren(...children);
    const heading = node.querySelector("h1, h2");
    if (heading) node.setAttribute("aria-labelledby", (heading.id ||= freshId("heading")));
    if (!node.open) node.showModal();
  }, hold: () => (isHeld = true), close: () => {
    isHeld = false;
    node.close();
  } };
}
