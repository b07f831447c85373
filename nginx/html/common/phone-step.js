import { post } from "./api.js";
import { codeStep } from "./code-step.js";
import { element } from "./dom.js";
import { button, field, form, notice } from "./page.js";
import { language, say, sayPhone } from "./words.js";

let countries;

/**
 * A field for a phone number: a country, and a number as people there write it. A number with a plus is taken as it is.
 *
 * @returns a field whose value is ready for the API
 */
export async function phoneField({ region, number } = {}) {
  countries ??= await (await fetch("/common/countries.json")).json();
  const names = new Intl.DisplayNames(language, { type: "region" });
  const guess = region ?? new Intl.Locale(navigator.language).maximize().region;
  const listed = Object.keys(countries).map((code) => [code, names.of(code)]).sort((a, b) => a[1].localeCompare(b[1], language));
  const country = field("country", say("phone.country"), {
    input: element("select", { autocomplete: "tel-country-code" }, listed.map(([code, name]) =>
      element("option", { value: code, selected: code === (guess in countries ? guess : "US") }, `${name} (+${countries[code][0]})`))),
  });
  const made = field("phoneNumber", say("phone.label"), {
    type: "tel", autocomplete: "tel", inputmode: "tel", required: true, value: number ?? "", maxlength: "32",
    hint: "\u00a0",
  });
  const hint = made.node.querySelector(".hint");
  const exemplify = () => (hint.textContent = say("phone.example", { example: countries[country.input.value][1] }));
  country.input.addEventListener("change", exemplify);
  exemplify();
  return { ...made, node: element("div", { class: "stack" }, country.node, made.node), value: () => {
    const text = made.input.value.trim();
    return text.startsWith("+") || text.startsWith("00") ? text.replace(/^00/, "+") : `+${countries[country.input.value][0]} ${text}`;
  } };
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
 * @param {Node[]} [options.beside] what else can be done at first, such as leaving it for later
 * @param {string} [options.heading]
 */
export async function phoneStep({ place, region, authorize, done, beside = [], heading = "h1" }) {
  const put = (...nodes) => {
    place.replaceChildren(...nodes);
    place.querySelector(heading)?.focus();
  };
  const title = () => element(heading, { tabindex: "-1" }, say("phone.title"));

  async function askForNumber(number) {
    const phone = await phoneField({ region, number });
    put(title(), element("p", { class: "lead" }, say("phone.lead")),
      form([phone], say("phone.send"), async ({ phoneNumber }) => {
        const authorization = await authorize?.();
        askForCode(phoneNumber, await post("/api/auth/sms/send-phone-verification", { phoneNumber, ...(authorization ? { authorization } : {}) }));
      }), ...beside);
  }

  function askForCode(phoneNumber, sent) {
    put(codeStep({
      title: say("phone.code"), heading, method: "sms", maskedPhone: sayPhone(phoneNumber), resendAfter: sent.resendAfter,
      submit: async ({ code }) => {
        try {
          done((await post("/api/auth/sms/verify-phone", { code })).phoneNumber);
        } catch (problem) {
          if (problem.code !== "phone_in_use") throw problem;
          askForClaim(phoneNumber, code);
        }
      },
      resend: (channel) => post("/api/auth/sms/resend", { channel }),
      again: () => askForNumber(phoneNumber),
      back: ["phone.change", () => askForNumber(phoneNumber)],
    }));
  }

  /** The code was right, and another account has the number: it may have been handed on. */
  function askForClaim(phoneNumber, code) {
    const said = element("div");
    put(element(heading, { tabindex: "-1" }, say("phone.claim.title")), element("p", null, say("phone.claim.lead", { phone: sayPhone(phoneNumber) })), said,
      button("main wide", say("phone.claim.act"), async () => {
        try {
          done((await post("/api/auth/phone/claim", { phoneNumber, code })).phoneNumber);
        } catch (problem) {
          said.replaceChildren(notice(problem));
        }
      }),
      button("plain wide", say("phone.change"), () => askForNumber()));
  }

  await askForNumber();
}

