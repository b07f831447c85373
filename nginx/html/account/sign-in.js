import { get, post } from "/common/api.js";
import { codeStep, nextAfter } from "/common/code-step.js";
import { element } from "/common/dom.js";
import { entitle } from "/common/page.js";
import { say } from "/common/words.js";
import { proceed } from "./proceed.js";

/**
 * The second step of a login. The pending login is a cookie that scripts cannot read; what this page has to know for a
 * reload is in the history entry, and gives nobody anything. The challenge's id, which does, is only ever in memory.
 *
 * @param {Object} login email, method, maskedPhone, codeSent, textInstead, nextAt (milliseconds), expiresAt
 * @param {string} [challengeId] unless the page was loaded anew
 */
export function secondStep(login, challengeId) {
  entitle(say("code.title"));
  const answer = ({ code, backupCode, rememberDevice, method }) => {
    const remembering = rememberDevice ? { rememberDevice } : {};
    if (challengeId) return post(`/api/auth/2fa/challenges/${challengeId}/verify`, { ...(backupCode ? { backupCode } : { code }), ...remembering });
    return post("/api/auth/2fa/verify", {
      email: login.email, code: backupCode ?? code, ...(backupCode ? { useBackupCode: true } : {}), ...remembering });
  };
  return element("div", { class: "card" }, codeStep({
    title: say("code.title"), method: login.method, maskedPhone: login.maskedPhone, sent: login.codeSent, nextAt: login.nextAt, expiresAt: login.expiresAt,
    remembers: true, takesBackupCodes: true, textsToo: login.method === "app" && login.textInstead, texted: login.texted, isBlind: !challengeId,
    submit: async (given) => {
      // Once a text message was asked for in place of the app, the login itself takes that one.
      if (login.method === "app" && given.method === "app" && login.texted && given.code) {
        await post("/api/code/challenge", { code: given.code, ...(challengeId ? { challengeId } : {}) });
      } else {
        await answer(given);
      }
      proceed();
    },
    look: challengeId && (() => get(`/api/auth/2fa/challenges/${challengeId}`)),
    resend: async (channel) => {
      const sent = challengeId
        ? await post(`/api/auth/2fa/challenges/${challengeId}/resend`, { channel })
        : await post("/api/auth/2fa/send-code", { email: login.email });
      Object.assign(login, { texted: true, codeSent: true, nextAt: nextAfter(sent) });
      history.replaceState(login, "");
      return sent;
    },
    again: () => location.assign(`/account/login${location.search}`),
    back: ["code.otherAccount", () => location.assign(`/account/login${location.search}`)],
  }));
}
