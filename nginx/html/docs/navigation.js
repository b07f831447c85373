import { freshId } from "/common/dom.js";
import { groups } from "./document.js";
import { element, methodTag, pathOf } from "./text.js";

/** The navigation: links to all that the page has, and which of it the reader looks at. */

/** Whether the navigation has a place beside the page. */
export const wide = matchMedia("(min-width: 64rem)");

/**
 * The contents of the page.
 *
 * @param {{ id: string, title: string }[]} parts those of the introduction
 * @param {Node[]} beside takes in what leads to anything else than operations
 */
export function navigation(parts, beside) {
  const link = (id, ...text) => element("li", null, element("a", { href: `#${id}` }, text));
  const group = (title, links) => {
    const id = freshId("nav");
    return element("div", null, element("p", { class: "label", id }, title), element("ul", { "aria-labelledby": id }, links));
  };
  const introductory = group("Introduction",
    [link("intro", "Overview"), parts.map(({ id, title }) => link(id, title)), link("credentials", "Credentials")]);
  for (const one of groups) {
    for (const operation of one.operations) {
      operation.link = link(operation.id, methodTag(operation.method), " ", pathOf(operation.path));
    }
    one.links = group(element("a", { href: `#tag-${one.name}` }, one.title), one.operations.map((operation) => operation.link));
  }
  const reference = group("Errors", [link("errors", "Error codes"), link("error-fields", "Fields of an error")]);
  const details = element("details", { open: wide.matches }, element("summary", null, "Contents"),
    element("nav", { "aria-label": "Contents" }, introductory, groups.map((one) => one.links), reference));
  wide.addEventListener("change", () => (details.open = wide.matches));
  beside.push(introductory, reference);
  return details;
}

/** Marks in the navigation what the reader looks at. */
export function follow(contents) {
  const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const targets = [...links.keys()].map((id) => document.getElementById(id));
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    // The first that has no other of them in it.
    const current = targets.find((target) =>
      seen.has(target) && ![...seen].some((other) => other !== target && target.contains(other)));
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
    const link = links.get(current?.id);
    if (!link || !wide.matches || contents.contains(document.activeElement)) return;
    const [box, frame] = [link.getBoundingClientRect(), contents.getBoundingClientRect()];
    if (box.top < frame.top || box.bottom > frame.bottom) contents.scrollTop += box.top - frame.top - frame.height / 3;
  }, { rootMargin: "-32px 0px -75% 0px" });
  for (const target of targets) watcher.observe(target);
}
