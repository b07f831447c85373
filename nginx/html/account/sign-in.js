import { Problem, get, post } from "/common/api.js";
import { codeStep, nextAfter } from "/common/code-step.js";
import { element } from "/common/dom.js";
import { entitle } from "/common/page.js";
import { say } from "/common/words.js";
import { proceed } from "./proceed.js";

/** What the page has to know of a login for a reload; it is kept in the history entry, and gives nobody anything. */
export function waiting(answer) {
  const { method, maskedPhone, codeSent, textInstead, expiresAt } = answer;
  return { method, maskedPhone, codeSent, textInstead, expiresAt, nextAt: nextAfter(answer) };
}

/**
 * The second step of a login. The pending login is a cookie that scripts cannot read, which the API calls `pending`. The
 * challenge's id, which lets its holder answer, is only ever in memory, where it keeps logins in two windows apart.
 *
 * @param {Object} login of `waiting`
 * @param {string} [challengeId] unless the page was loaded anew
 */
export function secondStep(login, challengeId = "pending") {
  entitle(say("code.title"));
  const path = `/api/auth/2fa/challenges/${challengeId}`;
  const look = async () => {
    const seen = await get(path);
    // Somebody has begun another login in this browser since: what is entered here is not for that one.
    if (seen.expiresAt !== login.expiresAt) throw new Problem({ status: 404, code: "not_found" });
    return seen;
  };
  const isThisOne = () => challengeId !== "pending" || look();
  return element("div", { class: "card" }, codeStep({
    title: say("code.title"), method: login.method, maskedPhone: login.maskedPhone, sent: login.codeSent, nextAt: login.nextAt, expiresAt: login.expiresAt,
    remembers: true, takesBackupCodes: true, textsToo: login.method === "app" && login.textInstead, texted: login.texted,
    submit: async ({ code, backupCode, rememberDevice, method }) => {
      await isThisOne();
      // Once a text message was asked for in place of the app, the login itself takes that one.
      if (login.method === "app" && method === "app" && login.texted && code) {
        await post("/api/code/challenge", { code, ...(challengeId === "pending" ? {} : { challengeId }) });
      } else {
        await post(`${path}/verify`, { ...(backupCode ? { backupCode } : { code }), ...(rememberDevice ? { rememberDevice } : {}) });
      }
      proceed();
    },
    look,
    resend: async (channel) => {
      await isThisOne();
      const sent = await post(`${path}/resend`, { channel });
      Object.assign(login, { texted: true, codeSent: true, nextAt: nextAfter(sent) });
      history.replaceState(login, "");
      return sent;
    },
    again: () => location.assign(`/account/login${location.search}`),
    back: ["code.otherAccount", () => location.assign(`/account/login${location.search}`)],
  }));
}
