import { get } from "/common/api.js";
import { element, freshId } from "/common/dom.js";
import { button, note, notice, redraw as fill } from "/common/parts.js";
import { say } from "/common/words.js";

/** What the parts of the security page share: how one is drawn, and whose account it is. */

/** The session and the account of who looks; read by `reread`. */
export const own = {};

/**
 * A part of the page that can be drawn anew by itself, and says itself what it cannot get.
 *
 * @param {string} title a name among the words
 */
export function section(title, draw, id) {
  const heading = element("h2", { id: id ?? freshId("section"), tabindex: "-1" });
  const body = element("div", { class: "stack" });
  const redraw = async () => {
    heading.textContent = say(title);
    try {
      fill(body, ...(await draw(redraw)));
    } catch (problem) {
      fill(body, notice(problem), button("plain", say("failed.again"), redraw));
    }
  };
  const node = element("section", { class: "card", "aria-labelledby": heading.id }, heading, body);
  return { node, redraw };
}

export const hasFactor = () => own.session.twoFactorEnabled;

/** Whether what guards the account may not be seen or changed yet: a remembered device has spared its session the code. */
export const isTooLow = () => hasFactor() && own.session.aal < 2;

export async function reread() {
  [own.session, own.account] = await Promise.all([get("/api/auth/session"), get("/api/account")]);
}

/** Says below a part that it is done, until it is drawn anew or done once more. */
export function tell(part, name) {
  part.node.querySelector(":scope > .notice")?.remove();
  part.node.append(note("good", element("p", null, say(name))));
}
