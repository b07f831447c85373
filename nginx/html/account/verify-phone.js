import { get } from "/common/api.js";
import { confirm } from "/common/confirm.js";
import { element } from "/common/dom.js";
import { begin, show } from "/common/page.js";
import { note } from "/common/parts.js";
import { phoneStep } from "/common/phone-step.js";
import { say, sayPhone } from "/common/words.js";

/** Proving a phone: by itself, and as the second step of opening an account. */

const isNew = new URLSearchParams(location.search).has("new");
const link = (kind, path, name) => element("a", { class: kind, href: path }, say(name));

const verified = (phoneNumber) => element("div", { class: "card" },
  element("h1", { tabindex: "-1" }, say(isNew ? "register.done.title" : "phone.done.title")),
  note("good", element("p", null, say("phone.done", { phone: sayPhone(phoneNumber) }))),
  ...(isNew ? [element("p", null, say("register.done.lead")), link("button", "/account/security#two-step", "register.done.protect"), link("button plain", "/dashboard", "register.done.later")]
    : [link("button", "/account/security", "phone.done.next")]));

begin("phone.title", async () => {
  const [session, account] = await Promise.all([get("/api/auth/session"), get("/api/account")]);
  const place = element("div", { class: "stack" });
  const card = element("div", { class: "card" }, isNew && element("p", { class: "small quiet" }, say("register.step", { step: 2, steps: 2 })), place);
  await phoneStep({
    place, isPage: true,
    // Whoever has just opened an account was asked for none: the browser knows better.
    region: isNew ? undefined : account.region,
    authorize: session.twoFactorEnabled ? () => confirm("phone_change") : undefined,
    done: (phoneNumber) => show(verified(phoneNumber)),
    beside: [element("p", null, isNew ? link(null, "/dashboard", "register.later") : link(null, "/account/security", "cancel"))],
  });
  if (session.phoneVerified) place.querySelector("h1").after(note("", element("p", null, say("phone.known", { phone: sayPhone(session.phoneNumber) }))));
  return [card];
}, { signedIn: true });
