/** What pages say, in the reader's language: a file a language, and one more for what is said once somebody is signed in. */

export const languages = { en: "English", es: "Español", fr: "Français", de: "Deutsch", pt: "Português", am: "አማርኛ" };

const KEPT = "language";
let words = {};

/** The language of this page. */
export let language = "en";

function preferred() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // A browser that keeps nothing still has preferences.
  }
  return [kept, ...navigator.languages].map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => tag in languages) ?? "en";
}

/**
 * Reads the words; to be awaited before anything is said.
 *
 * @param {boolean} signedIn whether the page is for who is signed in
 * @param {string} [only] the one language that the page speaks
 */
export async function loadWords(signedIn, only) {
  language = only ?? preferred();
  const read = async (folder) => {
    const answer = await fetch(`/common/words/${folder}${language}.json`);
    if (!answer.ok) throw new Error("no words");
    return answer.json();
  };
  words = Object.assign({}, ...(await Promise.all(["", ...(signedIn ? ["inside/"] : [])].map(read))));
  document.documentElement.lang = language;
}

/** Keeps a choice of language for the next pages of this browser. */
export function keepLanguage(tag) {
  try {
    localStorage.setItem(KEPT, tag);
  } catch {
    // Then it holds for this page only.
  }
}

export const hasWords = (name) => name in words;

/** The text of a name, with `{values}` filled in. */
export function say(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

// How values are written in the reader's language.

export const sayTime = (text, style = { dateStyle: "medium", timeStyle: "short" }) =>
  new Intl.DateTimeFormat(language, style).format(new Date(text));

/** An amount in the currency's smallest units. */
export function sayMoney(amount, currency) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/**
 * The smallest units that a person's decimal number stands for, with the reader's signs for decimals and thousands; null where
 * it is none.
 */
export function readMoney(text, currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  const parts = new Intl.NumberFormat(language, { useGrouping: "always" }).formatToParts(1234567.5);
  const [sign, group] = ["decimal", "group"].map((type) => parts.find((part) => part.type === type)?.value);
  // Every space is typed as the usual one, and thousands are told only where there are three digits each.
  const plain = text.trim().replace(/\s/g, " ");
  const thousands = plain.split(sign)[0].split(/\s/.test(group) ? " " : group);
  const isGrouped = thousands.length > 1 && /^\d{1,3}$/.test(thousands[0]) && thousands.slice(1).every((part) => /^\d{3}$/.test(part));
  const whole = isGrouped ? thousands.join("") + plain.slice(plain.split(sign)[0].length) : plain;
  const match = /^(\d{1,12})(?:\.(\d{1,3}))?$/.exec(sign === "." ? whole : whole.replace(sign, "."));
  if (!match || (match[2] ?? "").length > digits) return null;
  return Number(match[1] + (match[2] ?? "").padEnd(digits, "0"));
}

/** A number as people are shown it; those of the North American plan in groups. */
export const sayPhone = (number) => number.replace(/^(\+1.*)$/, (own) => own.replace(/[^\d+]/g, "")).replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 ($1) $2-$3");

const BROWSERS = [[/Edg/, "Edge"], [/OPR\//, "Opera"], [/SamsungBrowser/, "Samsung Internet"], [/Firefox|FxiOS/, "Firefox"], [/Chrome|CriOS/, "Chrome"], [/Safari/, "Safari"]];
const SYSTEMS = [[/Windows/, "Windows"], [/Android/, "Android"], [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Mac OS X/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]];

/** What a browser calls itself, as people know it; anything else as it is. */
export function sayDevice(agent) {
  const known = [BROWSERS, SYSTEMS].map((list) => list.find(([pattern]) => pattern.test(agent ?? ""))?.[1]);
  return known.every(Boolean) ? known.join(", ") : agent || say("unknownDevice");
}

/** Seconds as a clock shows them, hours where there are any. */
export function sayWait(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":");
}
