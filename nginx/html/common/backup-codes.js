import { copying } from "./copy.js";
import { element } from "./dom.js";
import { button } from "./parts.js";
import { say, sayTime } from "./words.js";

/**
 * Backup codes as they are shown, this once, with ways to keep them; `kept` follows once somebody says they are kept.
 *
 * @param {string[]} codes
 * @param {string} email whose they are
 */
export function backupCodes(codes, email, kept, heading = "h1") {
  const text = codes.join("\n");
  const of = say("backup.of", { email, date: sayTime(new Date(), { dateStyle: "medium" }) });
  const file = URL.createObjectURL(new Blob([`Countersign\n${say("backup.title")}\n${of}\n\n${text}\n`], { type: "text/plain" }));
  const { copy, said } = copying(say("copy"), text);
  const download = element("a", { class: "button plain", href: file, download: "countersign-backup-codes.txt" }, say("backup.download"));
  // Leaving loses them: the browser asks first.
  const warn = (event) => shown.isConnected && event.preventDefault();
  addEventListener("beforeunload", warn);
  const done = button("main wide no-print", say("backup.kept"), () => {
    removeEventListener("beforeunload", warn);
    URL.revokeObjectURL(file);
    kept();
  });
  const shown = element("section", { class: "stack" },
    element(heading, { tabindex: "-1" }, say("backup.title")), element("p", null, say("backup.lead")),
    element("p", { class: "small quiet" }, of, " ", say("backup.earlier")),
    element("ul", { class: "codes mono" }, codes.map((code) => element("li", null, code))),
    element("div", { class: "row no-print" }, copy, download, button("plain", say("backup.print"), () => print())), said, done);
  return shown;
}
