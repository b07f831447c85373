import { get, post } from "/common/api.js";
import { element } from "/common/dom.js";
import { button } from "/common/parts.js";
import { sayTime } from "/common/words.js";
import { card, may, plain, table, whole } from "./frame.js";

const STATES = { closed: "in use", open: "paused", half: "on trial" };

/** How the providers of messages are, with a way to ask each whether it is there. */
export async function providers(session) {
  const { data: { providers: list } } = await get("/api/admin/providers");
  const test = (provider) => {
    const said = element("span", { class: "small", role: "status" });
    return element("span", { class: "row" }, button("plain", "Test it", async () => {
      const { data } = await post(`/api/admin/providers/${encodeURIComponent(provider.name)}/test`);
      said.textContent = data.answered === null ? "It cannot be tested." : data.answered ? `Answered in ${data.milliseconds} ms.` : "It did not answer.";
    }), said);
  };
  return card("Provider health", table("The last minute, in order of preference", [
    ["Provider", (each) => each.name], ["State", (each) => element("span", { class: `tag ${{ closed: "good", open: "bad", half: "warn" }[each.state]}` }, STATES[each.state])],
    ["Answers", (each) => whole(each.answers), "number"], ["Bad ones", (each) => whole(each.failures), "number"],
    ["Time", (each) => (each.answers === 0 ? "–" : each.milliseconds < 1 ? "< 1 ms" : `${whole(each.milliseconds)} ms`), "number"],
    ["Last failure", (each) => (each.lastFailure ? `${plain(each.lastFailure)}, ${sayTime(each.lastFailureAt)}` : "none")],
    ...(may(session, "security") ? [["Test", test]] : []),
  ], list, "No provider is configured."));
}
