/** What pages say, in the reader's language: a file a language, all with the same names. */

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

/** Reads the words, of one language where a page has no other; to be awaited before anything is said. */
export async function loadWords(only) {
  language = only ?? preferred();
  const answer = await fetch(`/common/words/${language}.json`);
  if (!answer.ok) throw new Error("no words");
  words = await answer.json();
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

/** The smallest units that a person's decimal number stands for, with the reader's decimal sign; null where it is none. */
export function readMoney(text, currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  const sign = new Intl.NumberFormat(language).formatToParts(0.5).find((part) => part.type === "decimal").value;
  const match = /^\s*(\d{1,12})(?:\.(\d{1,3}))?\s*$/.exec(sign === "." ? text : text.replace(sign, "."));
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
  return known.every(Boolean) ? known.join(", ") : agent || say("security.unknownDevice");
}

/** Seconds as a clock shows them, hours where there are any. */
export function sayWait(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, place) => String(part).padStart(place ? 2 : 1, "0")).join(":");
}
