import { get, post } from "/common/api.js";
import { backupCodes } from "/common/backup-codes.js";
import { codeStep } from "/common/code-step.js";
import { confirm } from "/common/confirm.js";
import { copying } from "/common/copy.js";
import { element } from "/common/dom.js";
import { begin, show } from "/common/page.js";
import { button, form, passwordField } from "/common/parts.js";
import { say } from "/common/words.js";
import { destination } from "./proceed.js";

const card = (...children) => element("div", { class: "card" }, ...children);
const heading = () => element("h1", { tabindex: "-1" }, say("scan.title"));

let session;
const back = () => destination("/account/security");

/** The secret, as a picture and to be typed, and the first code of the app that has it. */
function scan({ uri, secret, qr }) {
  const picture = `data:image/svg+xml,${encodeURIComponent(qr)}`;
  const typed = secret.match(/.{1,4}/g).join(" ");
  const { copy, said } = copying(say("scan.copy"), secret);
  return card(heading(),
    element("p", null, say("scan.lead")),
    element("img", { class: "qr", src: picture, alt: say("scan.qr"), width: "240", height: "240" }),
    element("p", { class: "small" }, element("a", { href: uri }, say("scan.sameDevice"))),
    element("p", { class: "label", id: "secret-label" }, say("scan.secret")),
    element("code", { class: "secret", "aria-labelledby": "secret-label" }, typed),
    element("div", { class: "row" }, copy), said, element("hr"),
    codeStep({
      title: say("scan.code"), heading: "h2", method: "app", lead: "", about: "scan",
      submit: async ({ code }) => {
        const { backupCodes: codes } = await post("/api/code/verify", { code });
        show(card(backupCodes(codes, session.email, () => location.replace(back()))));
      },
      again: () => location.reload(),
      back: ["cancel", () => location.assign(back())],
    }));
}

const create = async (proof = {}) => show(scan(await post("/api/code/create", proof)));

/** A session that is not fresh shows that it is still its owner's. */
const askForPassword = () => card(heading(), element("p", null, say("scan.password")),
  form([passwordField("password", say("password"), "current-password")], say("continue"), create));

/** Where there is a second factor, it allows another; the page asks before it has a code sent. */
const askForFactor = () => card(heading(), element("p", null, say("scan.confirm")),
  button("main wide", say("continue"), async () => {
    // A session of a remembered device shows first that it is its owner's, and that is enough to add an app.
    if (session.aal < 2) {
      await confirm("login");
      if (session.method !== "app") {
        await create();
        return;
      }
    }
    await create({ authorization: await confirm("factor_change") });
  }),
  element("p", null, element("a", { href: back() }, say("cancel"))));

begin("scan.title", async () => {
  session = await get("/api/auth/session");
  if (session.twoFactorEnabled) return [askForFactor()];
  try {
    return [scan(await post("/api/code/create"))];
  } catch (problem) {
    if (problem.code === "password_required") return [askForPassword()];
    throw problem;
  }
}, { signedIn: true });
