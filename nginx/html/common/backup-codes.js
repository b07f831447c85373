import { copying } from "./copy.js";
import { element } from "./dom.js";
import { button } from "./parts.js";
import { say } from "./words.js";

/**
 * Backup codes as they are shown, this once, with ways to keep them; `kept` follows once somebody says they are kept.
 *
 * @param {string[]} codes
 */
export function backupCodes(codes, kept, heading = "h1") {
  const text = codes.join("\n");
  const file = URL.createObjectURL(new Blob([`Countersign\n${say("backup.title")}\n\n${text}\n`], { type: "text/plain" }));
  const { copy, said } = copying(say("copy"), text);
  const download = element("a", { class: "button plain", href: file, download: "countersign-backup-codes.txt" }, say("backup.download"));
  const done = button("main wide no-print", say("backup.kept"), () => {
    URL.revokeObjectURL(file);
    kept();
  });
  return element("section", { class: "stack" },
    element(heading, { tabindex: "-1" }, say("backup.title")), element("p", null, say("backup.lead")), element("p", { class: "small quiet" }, say("backup.earlier")),
    element("ul", { class: "codes mono" }, codes.map((code) => element("li", null, code))),
    element("div", { class: "row no-print" }, copy, download, button("plain", say("backup.print"), () => print())), said, done);
}
