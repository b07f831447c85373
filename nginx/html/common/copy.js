import { element } from "./dom.js";
import { button } from "./parts.js";
import { say } from "./words.js";

/** A button that copies a text, and what came of it, to stand below. */
export function copying(label, text) {
  const said = element("p", { class: "small no-print", role: "status" });
  const copy = button("plain", label, async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = say("copy.done");
    } catch {
      said.textContent = say("copy.failed");
    }
  });
  return { copy, said };
}
