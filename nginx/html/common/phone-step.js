import { get, post } from "./api.js";
import { codeStep, nextAfter } from "./code-step.js";
import { element } from "./dom.js";
import { button, field, form, notice } from "./parts.js";
import { language, say, sayPhone } from "./words.js";

let countries;

/**
 * A field for a phone number: a country, and a number as people there write it. A number with a plus is taken as it is.
 *
 * @param {string} [options.region] the country to begin with
 * @param {string} [options.typed] the number to begin with, as it was typed
 * @returns a field whose value is ready for the API, and what was typed
 */
export async function phoneField({ region, typed } = {}) {
  countries ??= await (await fetch("/common/countries.json")).json();
  const names = new Intl.DisplayNames(language, { type: "region" });
  const guess = region ?? new Intl.Locale(navigator.language).maximize().region;
  const listed = Object.keys(countries).map((code) => [code, names.of(code)]).sort((a, b) => a[1].localeCompare(b[1], language));
  const country = field("country", say("phone.country"), {
    input: element("select", { autocomplete: "tel-country-code" }, listed.map(([code, name]) =>
      element("option", { value: code, selected: code === (guess in countries ? guess : "US") }, `${name} (+${countries[code][0]})`))),
  });
  const made = field("phoneNumber", say("phone.label"), {
    type: "tel", autocomplete: "tel", inputmode: "tel", required: true, value: typed ?? "", maxlength: "32",
    hint: "\u00a0",
  });
  const hint = made.node.querySelector(".hint");
  const exemplify = () => (hint.textContent = say("phone.example", { example: countries[country.input.value][1] }));
  country.input.addEventListener("change", () => {
    exemplify();
    made.complain(null);
  });
  exemplify();
  const text = () => made.input.value.trim();
  const isWhole = () => /^(\+|00)/.test(text());
  const code = () => `+${countries[country.input.value][0]}`;
  return {
    ...made, node: element("div", { class: "stack" }, country.node, made.node),
    value: () => (isWhole() ? text().replace(/^00/, "+") : `${code()} ${text()}`),
    typed: () => ({ region: country.input.value, typed: text(), shown: isWhole() || code() === "+1" ? sayPhone(isWhole() ? text() : code() + text()) : `${text()} (${code()})` }),
  };
}

/**
 * Proves that the signed-in person has a phone: the number, then the code, with a way back to another number, and a way to
 * take over a number that was somebody else's.
 *
 * @param {Object} options
 * @param {Node} options.place what it draws itself in
 * @param {string} [options.region] the country to begin with
 * @param {() => Promise<string|undefined>} [options.authorize] confirms the change where the account has a second factor
 * @param {(phoneNumber: string) => void} options.done
 * @param {Node[]} [options.beside] what else can be done, such as leaving it for later
 * @param {boolean} [options.isPage] whether the page is about nothing else: then it goes on with the code when it is loaded anew
 * @param {string} [options.heading]
 */
export async function phoneStep({ place, region, authorize, done, beside = [], isPage = false, heading = "h1" }) {
  const put = (...nodes) => {
    place.replaceChildren(...nodes);
    place.querySelector(heading)?.focus();
  };
  const title = () => element(heading, { tabindex: "-1" }, say("phone.title"));

  /** Notes how far this is, in the history entry, for when the page is loaded anew. */
  const note = (step) => isPage && history.replaceState(step, "");
  const finish = (phoneNumber) => {
    note(null);
    done(phoneNumber);
  };

  async function askForNumber(before = { region }) {
    note(null);
    const phone = await phoneField(before);
    put(title(), element("p", { class: "lead" }, say("phone.lead")),
      form([phone], say("phone.send"), async ({ phoneNumber }) => {
        const authorization = await authorize?.();
        const sent = await post("/api/auth/sms/send-phone-verification", { phoneNumber, ...(authorization ? { authorization } : {}) });
        askForCode({ phoneNumber, ...phone.typed(), nextAt: nextAfter(sent), expiresAt: sent.expiresAt });
      }), ...beside);
  }

  function askForCode(step) {
    const { phoneNumber } = step;
    note(step);
    put(codeStep({
      title: say("phone.code"), heading, method: "sms", maskedPhone: step.shown, nextAt: step.nextAt,
      submit: async ({ code }) => {
        try {
          finish((await post("/api/auth/sms/verify-phone", { code })).phoneNumber);
        } catch (problem) {
          if (problem.code !== "phone_in_use") throw problem;
          askForClaim(step, code);
        }
      },
      look: () => get("/api/auth/sms/verify-phone"),
      resend: async (channel) => {
        const sent = await post("/api/auth/sms/resend", { channel });
        note({ ...step, nextAt: nextAfter(sent), expiresAt: sent.expiresAt });
        return sent;
      },
      again: () => askForNumber(step),
      back: ["phone.change", () => askForNumber(step)],
    }), ...beside);
  }

  /** The code was right, and another account has the number: it may have been handed on. */
  function askForClaim({ phoneNumber, shown }, code) {
    const said = element("div");
    put(element(heading, { tabindex: "-1" }, say("phone.claim.title")), element("p", null, say("phone.claim.lead", { phone: shown })), said,
      button("main wide", say("phone.claim.act"), async () => {
        try {
          finish((await post("/api/auth/phone/claim", { phoneNumber, code })).phoneNumber);
        } catch (problem) {
          said.replaceChildren(notice(problem));
        }
      }),
      button("plain wide", say("phone.change"), () => askForNumber()), ...beside);
  }

  if (isPage && Date.parse(history.state?.expiresAt) > Date.now() && history.state.phoneNumber) askForCode(history.state);
  else await askForNumber();
}

