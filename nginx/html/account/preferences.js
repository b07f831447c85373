import { get, patch, put } from "/common/api.js";
import { element } from "/common/dom.js";
import { field, form } from "/common/parts.js";
import { keepLanguage, languages, readMoney, say } from "/common/words.js";
import { own, section, tell } from "./section.js";

/** The parts of the security page that guard nothing: who somebody is, and what they want to hear of. */

// Profile

export const profile = section("security.profile", async (redraw) => {
  const name = field("name", say("register.name"), { type: "text", autocomplete: "name", maxlength: "100", value: own.account.name ?? "" });
  const locale = field("locale", say("language"), { input: element("select", null, Object.entries(languages).map(([tag, text]) =>
    element("option", { value: tag, lang: tag, selected: own.account.locale.startsWith(tag) }, text))) });
  return [
    element("p", null, own.account.email),
    form([name, locale], say("save"), async (values) => {
      own.account = await patch("/api/account", { ...values, name: values.name.trim() || undefined });
      keepLanguage(values.locale);
      if (document.documentElement.lang !== values.locale) location.reload();
      else {
        await redraw();
        tell(profile, "saved");
      }
    }, { kind: "main" }),
  ];
});

// Notifications

const EVENTS = { payment_sent: ["sms", "email"], payment_received: ["sms", "email"], low_balance: ["sms"] };

export const preferences = section("security.notifications", async (redraw) => {
  const wanted = await get("/api/notifications/preferences");
  const boxes = [];
  const rows = Object.entries(EVENTS).map(([type, channels]) => element("fieldset", null,
    element("legend", null, say(`event.${type}`)),
    element("div", { class: "row" }, channels.map((channel) => {
      const box = element("input", { type: "checkbox", id: `${type}-${channel}`, checked: wanted.events?.[type]?.[channel] !== false });
      boxes.push([type, channel, box]);
      return element("label", { class: "check", for: box.id }, box, say(`channel.${channel}`));
    }))));
  const quiet = element("input", { type: "checkbox", id: "quiet-hours", checked: Boolean(wanted.quietHours), change: () => (hours.hidden = !quiet.checked) });
  const from = field("from", say("security.quiet.from"), { type: "time", value: wanted.quietHours?.from ?? "22:00" });
  const until = field("until", say("security.quiet.until"), { type: "time", value: wanted.quietHours?.until ?? "07:00" });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([wanted.quietHours?.timeZone ?? here, here, ...Intl.supportedValuesOf("timeZone")])];
  const zone = field("timeZone", say("security.quiet.zone"), { input: element("select", null, zones.map((name) => element("option", { value: name }, name.replaceAll("_", " ")))) });
  const hours = element("div", { class: "stack", hidden: !quiet.checked }, element("div", { class: "grid" }, from.node, until.node), zone.node);
  const current = wanted.lowBalanceThreshold;
  const threshold = field("threshold", say("security.threshold"), {
    type: "text", inputmode: "decimal", autocomplete: "off", hint: say("security.threshold.hint", { currency: own.account.currency }),
    value: current ? String(current.amount / 10 ** new Intl.NumberFormat("en", { style: "currency", currency: current.currency ?? own.account.currency }).resolvedOptions().maximumFractionDigits) : "",
  });
  return [
    element("p", { class: "hint" }, say("security.notifications.lead")),
    form([...rows, element("label", { class: "check", for: quiet.id }, quiet, say("security.quiet")), hours, threshold], say("save"), async ({ threshold: text }) => {
      const amount = text.trim() ? readMoney(text, own.account.currency) : undefined;
      if (amount === null) {
        threshold.complain(say("money.wrong"));
        threshold.input.focus();
        return;
      }
      const events = {};
      for (const [type, channel, box] of boxes) (events[type] ??= {})[channel] = box.checked;
      await put("/api/notifications/preferences", {
        events, quietHours: quiet.checked ? { from: from.input.value, until: until.input.value, timeZone: zone.input.value } : null,
        lowBalanceThreshold: amount === undefined ? null : { amount, currency: own.account.currency },
      });
      await redraw();
      tell(preferences, "saved");
    }, { kind: "main" }),
  ];
});
