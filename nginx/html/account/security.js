import { get, post, remove } from "/common/api.js";
import { backupCodes } from "/common/backup-codes.js";
import { codeStep, nextAfter } from "/common/code-step.js";
import { confirm } from "/common/confirm.js";
import { element } from "/common/dom.js";
import { begin, navigateAs } from "/common/page.js";
import { button, dialog, form, note, passwordField } from "/common/parts.js";
import { phoneStep } from "/common/phone-step.js";
import { say, sayDevice, sayPhone, sayTime } from "/common/words.js";
import { preferences, profile } from "./preferences.js";
import { hasFactor, isTooLow, own, reread, section, tell } from "./section.js";

/** The security page: what guards an account, and changing it, each change confirmed by what guards it now. */

/** In place of all that a session of a remembered device does not show yet. */
const raise = section("confirm.login", async () => [
  element("p", null, say("security.raise")),
  button("main", say("security.raise.act"), async () => {
    await confirm("login");
    await refresh();
    phone.node.querySelector("h2").focus();
  }),
]);

/** The authorization that an act needs where the account has a second factor. */
const proof = async (purpose) => (hasFactor() ? { authorization: await confirm(purpose) } : {});

/** Does what an authorization is for; `forget` where that is over. */
async function spend(act, forget) {
  try {
    await act();
  } catch (problem) {
    if (problem.code === "authorization_invalid" || problem.code === "step_up_required") forget();
    throw problem;
  }
}

/** Every part that shows what changed is drawn anew. */
async function refresh() {
  await reread();
  for (const part of guarded) part.node.hidden = isTooLow();
  raise.node.hidden = !isTooLow();
  await Promise.all(parts.filter((part) => !part.node.hidden).map((part) => part.redraw()));
}

// Phone

const phone = section("security.phone", async () => {
  if (!own.account.phoneNumber) return [element("p", null, say("security.phone.none")), changePhone("security.phone.add", "main")];
  return [
    element("p", { class: "row" }, element("strong", null, sayPhone(own.account.phoneNumber)),
      own.account.phoneVerified ? element("span", { class: "tag good" }, say("security.phone.verified")) : element("span", { class: "tag warn" }, say("security.phone.unverified"))),
    element("div", { class: "row" },
      changePhone(own.account.phoneVerified ? "security.phone.change" : "security.phone.verify", own.account.phoneVerified ? "plain" : "main"),
      button("risk", say("security.phone.remove"), removePhone)),
  ];
});

function removePhone() {
  const box = dialog();
  box.open(element("h2", null, say("security.phone.remove")), element("p", null, say("security.phone.remove.lead")),
    form([], say("security.phone.remove"), async () => {
      await remove("/api/account/phone", await proof("phone_change"));
      box.close();
      await refresh();
    }, { kind: "risk wide" }),
    button("plain wide", say("cancel"), () => box.close()));
}

function changePhone(name, kind) {
  return button(kind, say(name), async () => {
    const box = dialog();
    const place = element("div", { class: "stack" });
    await phoneStep({
      place, region: own.account.region, heading: "h2",
      authorize: hasFactor() ? () => confirm("phone_change") : undefined,
      done: async () => {
        box.close();
        await refresh();
      },
      beside: [button("plain wide", say("cancel"), () => box.close())],
    });
    box.open(place);
  });
}

// Two-step login

const twoStep = section("security.twoStep", async () => {
  const scan = (name, kind) => element("a", { class: `button ${kind}`, href: "/account/scan" }, say(name));
  if (!hasFactor()) {
    return [
      element("p", { class: "row" }, element("span", { class: "tag warn" }, say("security.off"))),
      element("p", null, say("security.twoStep.lead")),
      element("div", { class: "row" }, scan("security.twoStep.app", ""), button("plain", say("security.twoStep.sms"), enableTexts)),
      element("p", { class: "hint" }, say("security.twoStep.risk")),
    ];
  }
  const [hasApp, hasTexts] = ["app", "sms"].map((each) => own.account.secondFactors.includes(each));
  return [
    element("p", { class: "row" }, element("span", { class: "tag good" }, say("security.on")),
      say(`security.twoStep.by.${hasApp && hasTexts ? "both" : own.session.method}`)),
    hasTexts && element("p", { class: "hint" }, say("security.twoStep.risk")),
    element("div", { class: "row" },
      scan(hasApp ? "security.twoStep.newApp" : "security.twoStep.app", "plain"),
      !hasTexts && button("plain", say("security.twoStep.smsToo"), enableTexts),
      button("risk", say("security.twoStep.turnOff"), turnOff)),
    element("p", { class: "hint" }, say("security.twoStep.renews")),
  ];
}, "two-step");

async function enableTexts() {
  if (!own.account.phoneVerified) {
    const box = dialog();
    const place = element("div", { class: "stack" });
    await phoneStep({
      place, region: own.account.region, heading: "h2",
      done: async () => {
        box.close();
        await refresh();
        await enableTexts();
      },
      beside: [button("plain wide", say("cancel"), () => box.close())],
    });
    box.open(place);
    return;
  }
  const given = await proof("factor_change");
  let isOn = false;
  // Closed in whatever way: the codes were shown, and the login is in two steps.
  const box = dialog(() => isOn && refresh());
  const start = async (proofs) => {
    const begun = await post("/api/auth/2fa/enable", { method: "sms", ...proofs });
    box.open(codeStep({
      title: say("security.twoStep.smsCode"), heading: "h2", method: "sms", maskedPhone: begun.maskedPhone,
      nextAt: nextAfter(begun), expiresAt: begun.expiresAt,
      submit: async ({ code }) => {
        const answer = await post("/api/auth/2fa/verify-and-enable", { code });
        isOn = true;
        keep(box, answer.backupCodes);
      },
      // Another code begins all of it anew, and with a factor that is on needs another proof of it.
      calls: false, resend: async () => start(hasFactor() ? await proof("factor_change") : proofs),
      again: () => box.close(),
      back: ["cancel", () => box.close()],
    }));
    return begun;
  };
  try {
    await start(given);
  } catch (problem) {
    if (problem.code !== "password_required") {
      box.node.remove();
      throw problem;
    }
    box.open(element("h2", null, say("security.twoStep.smsCode")), element("p", null, say("scan.password")),
      form([passwordField("password", say("password"), "current-password")], say("continue"), start));
  }
}

/** Shows codes in a dialog, which the escape key does not close: they are shown this once. */
function keep(box, codes) {
  box.hold();
  box.open(backupCodes(codes, own.account.email, () => box.close(), "h2"));
}

async function turnOff() {
  // An authorization outlives a wrong password, so that this costs no second code.
  let given;
  const box = dialog();
  box.open(element("h2", null, say("security.twoStep.turnOff")), element("p", null, say("security.twoStep.turnOff.lead")),
    form([passwordField("password", say("password"), "current-password")], say("security.twoStep.turnOff"), async ({ password }) => {
      given ??= await proof("disable_2fa");
      await spend(() => post("/api/auth/2fa/disable", { password, ...given }), () => (given = undefined));
      box.close();
      await refresh();
    }, { kind: "risk wide" }),
    button("plain wide", say("cancel"), () => box.close()));
}

// Codes and devices

const backup = section("security.backup", async () => {
  if (!hasFactor()) return [element("p", { class: "quiet" }, say("security.backup.off"))];
  const { remaining } = await get("/api/auth/2fa/backup-codes");
  return [
    remaining < 4 ? note("warn", element("p", null, say("security.backup.few", { count: remaining }))) : element("p", null, say("security.backup.left", { count: remaining })),
    button("plain", say("security.backup.renew"), async () => {
      const { backupCodes: codes } = await post("/api/auth/2fa/backup-codes", await proof("backup_codes"));
      keep(dialog(() => backup.redraw()), codes);
    }),
  ];
});

const devices = section("security.devices", async (redraw) => {
  if (!hasFactor()) return [element("p", { class: "quiet" }, say("security.devices.off"))];
  const { devices: list } = await get("/api/auth/2fa/devices");
  if (list.length === 0) return [element("p", { class: "empty" }, say("security.devices.none"))];
  return [element("ul", { class: "list" }, list.map((each) => element("li", null,
    element("span", { class: "what" }, element("strong", null, sayDevice(each.device)),
      element("span", { class: "small quiet" }, say("security.devices.until", { address: each.address, time: sayTime(each.expiresAt, { dateStyle: "medium" }) }))),
    button("plain", say("security.devices.forget"), async () => {
      await remove(`/api/auth/2fa/devices/${each.id}`);
      await redraw();
    }))))];
});

// Sessions

const sessions = section("security.sessions", async (redraw) => {
  const { sessions: list } = await get("/api/auth/sessions");
  return [
    element("ul", { class: "list" }, list.map((each) => element("li", null,
      element("span", { class: "what" },
        element("span", { class: "row" }, element("strong", null, sayDevice(each.device)), each.current && element("span", { class: "tag good" }, say("security.sessions.current"))),
        element("span", { class: "small quiet" }, say("security.sessions.seen", { address: each.address, time: sayTime(each.lastSeenAt) }))),
      !each.current && button("plain", say("security.sessions.end"), async () => {
        await remove(`/api/auth/sessions/${each.id}`);
        await redraw();
      })))),
    list.length > 1 && button("plain", say("security.sessions.endOthers"), async () => {
      await remove("/api/auth/sessions");
      await redraw();
    }),
  ];
});

// Password

let forPassword;
const password = section("security.password", async (redraw) => [
  form([passwordField("currentPassword", say("password.current"), "current-password"),
    passwordField("newPassword", say("password.new"), "new-password", say("password.hint"))],
  say("security.password.act"), async (values) => {
    forPassword ??= await proof("password_change");
    await spend(() => post("/api/auth/password", { ...values, ...forPassword }), () => (forPassword = undefined));
    forPassword = undefined;
    await redraw();
    tell(password, "security.password.done");
    await sessions.redraw();
  }, { kind: "main" }),
]);

const guarded = [phone, twoStep, backup, devices, password];
const parts = [raise, phone, twoStep, backup, devices, sessions, password, profile, preferences];

begin("security.title", async () => {
  await refresh();
  navigateAs(own.session, "/account/security");
  // Once it is shown.
  setTimeout(() => {
    const asked = document.getElementById(location.hash.slice(1));
    asked?.scrollIntoView();
    asked?.focus({ preventScroll: true });
  });
  return [element("h1", { tabindex: "-1" }, say("security.title")), element("div", { class: "stack" }, parts.map((part) => part.node))];
}, { signedIn: true, current: "/account/security" });
