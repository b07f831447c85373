import { element } from "/common/dom.js";
import { button } from "/common/page.js";

/** A service key as it is shown, this once. */
export function showKey(place, key) {
  const said = element("p", { class: "small", role: "status" });
  place.replaceChildren(element("div", { class: "notice warn" },
    element("p", null, "Keep this key now: it is shown this once."), element("code", { class: "secret" }, key),
    element("div", { class: "row" }, button("plain", "Copy", async () => {
      try {
        await navigator.clipboard.writeText(key);
        said.textContent = "Copied.";
      } catch {
        said.textContent = "The browser did not allow it. Select the key, and copy it by hand.";
      }
    })), said));
}
