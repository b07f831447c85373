import { copying } from "/common/copy.js";
import { element } from "/common/dom.js";

/** A service key as it is shown, this once. */
export function showKey(place, key) {
  const { copy, said } = copying("Copy", key);
  place.replaceChildren(element("div", { class: "notice warn" },
    element("p", null, "Keep this key now: it is shown this once."), element("code", { class: "secret" }, key), element("div", { class: "row" }, copy), said));
}
