import { get } from "/common/api.js";
import { confirm } from "/common/confirm.js";
import { element } from "/common/dom.js";
import { begin, show } from "/common/page.js";
import { note } from "/common/parts.js";
import { phoneStep } from "/common/phone-step.js";
import { say, sayPhone } from "/common/words.js";

begin("phone.title", async () => {
  const [session, account] = await Promise.all([get("/api/auth/session"), get("/api/account")]);
  const place = element("div", { class: "card" });
  await phoneStep({
    place, region: account.region, isPage: true,
    authorize: session.twoFactorEnabled ? () => confirm("phone_change") : undefined,
    done: (phoneNumber) => show(element("div", { class: "card" },
      element("h1", { tabindex: "-1" }, say("phone.done.title")),
      note("good", element("p", null, say("phone.done", { phone: sayPhone(phoneNumber) }))),
      element("a", { class: "button", href: "/account/security" }, say("phone.done.next")))),
    beside: [element("p", null, element("a", { href: "/account/security" }, say("cancel")))],
  });
  if (session.phoneVerified) place.querySelector("h1").after(note("", element("p", null, say("phone.known", { phone: sayPhone(session.phoneNumber) }))));
  return [place];
}, { signedIn: true });
