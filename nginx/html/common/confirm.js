import { Cancelled, get, post } from "./api.js";
import { codeStep, nextAfter } from "./code-step.js";
import { element } from "./dom.js";
import { button, dialog, notice } from "./parts.js";
import { say } from "./words.js";

/** Begins a challenge; without a code where none can be sent now, since a backup code answers it as well. */
async function begin(asked) {
  try {
    return { ...(await post("/api/auth/2fa/challenges", asked)), codeSent: true };
  } catch (problem) {
    if (!["send_limit_reached", "send_refused", "destination_opted_out"].includes(problem.code)) throw problem;
    return { ...(await post("/api/auth/2fa/challenges", { ...asked, sendCode: false })), codeSent: false, resendAfter: problem.retryAfter };
  }
}

/**
 * Has the second factor confirm one act, in a dialog.
 *
 * @param {string} purpose as the API names it; `login` raises the session itself
 * @param {Object} [details] of a payment
 * @returns {Promise<string|undefined>} the authorization; nothing for `login`
 * @throws {Cancelled}
 * @throws {Problem} when no challenge can be begun
 */
export async function confirm(purpose, details) {
  const first = await begin({ purpose, ...(details ? { details } : {}) });
  return new Promise((resolve, reject) => {
    let isDone = false;
    const box = dialog(() => isDone || reject(new Cancelled()));
    const ask = (challenge) => box.open(codeStep({
      title: say(`confirm.${purpose}`), heading: "h2", method: challenge.method, maskedPhone: challenge.maskedPhone,
      sent: challenge.codeSent, nextAt: nextAfter(challenge), expiresAt: challenge.expiresAt, details: challenge.details ?? details, takesBackupCodes: true,
      submit: async ({ code, backupCode }) => {
        const answer = await post(`/api/auth/2fa/challenges/${challenge.challengeId}/verify`, backupCode ? { backupCode } : { code });
        isDone = true;
        resolve(answer.authorization);
        box.close();
      },
      look: () => get(`/api/auth/2fa/challenges/${challenge.challengeId}`),
      resend: (channel) => post(`/api/auth/2fa/challenges/${challenge.challengeId}/resend`, { channel }),
      again: async () => {
        try {
          ask(await begin({ purpose, ...(details ? { details } : {}) }));
        } catch (problem) {
          box.open(element("h2", null, say(`confirm.${purpose}`)), notice(problem), button("plain wide", say("cancel"), () => box.close()));
        }
      },
      back: ["cancel", () => box.close()],
    }));
    ask(first);
  });
}
