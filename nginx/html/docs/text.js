import { element as made } from "/common/dom.js";
import { byName, titled } from "./document.js";

/** Text as the page shows it: the Markdown that the document uses, tables, lists, tags, and code that may break. */

/** An element, its children in arrays as deep as they come. */
export const element = (name, attributes, ...children) => made(name, attributes, ...children.flat(Infinity));

/** Text that may break where a path or a name has its joints. */
export const breakable = (text, joints = /(?<=[/.,])(?=[^/.,])/) =>
  text.split(joints).map((piece, index) => (index === 0 ? piece : [element("wbr"), piece]));

export const code = (text, attributes) => element("code", attributes, breakable(String(text)));

/** What stands between backquotes; the name of an operation leads to it. */
function codeOrLink(text) {
  const id = byName.get(text);
  return id === undefined ? code(text) : element("a", { href: `#${id}` }, code(text));
}

export function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*/g)) {
    nodes.push(text.slice(end, found.index));
    if (found[1] !== undefined) nodes.push(codeOrLink(found[1]));
    else nodes.push(element(found[2] !== undefined ? "strong" : "em", null, inline(found[2] ?? found[3])));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)];
}

const cellsOf = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/**
 * The Markdown that the document uses: paragraphs, headings, lists with `-`, tables, code, and emphasis.
 *
 * @param {(first: string) => string} [rowId] the id of the row of a table that begins with a text
 */
export function markdown(text, rowId) {
  return (text ?? "").trim().split(/\n\s*\n/).filter((block) => block !== "").map((block) => {
    const lines = block.split("\n");
    if (block.startsWith("## ")) return element("h3", null, inline(block.slice(3)));
    if (block.startsWith("- ")) {
      return element("ul", null, block.slice(2).split("\n- ").map((item) => element("li", null, inline(item))));
    }
    if (!block.startsWith("|")) return element("p", null, inline(block));
    const heads = cellsOf(lines[0]);
    return table(heads.map(titled), lines.slice(2).map((line) => {
      const [first, ...others] = cellsOf(line);
      return { id: rowId?.(first), head: inline(first), cells: others.map(inline) };
    }));
  });
}

/**
 * A table with a heading for each row.
 *
 * @param {string[]} heads
 * @param {{ head: Array, cells: Array[], id?: string, class?: string }[]} rows
 * @param {{ caption?: string, class?: string }} [options]
 */
export function table(heads, rows, options = {}) {
  return element("table", { class: options.class },
    options.caption && element("caption", { class: "unseen" }, options.caption),
    element("thead", null, element("tr", null, heads.map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", null, rows.map((row) => element("tr", { id: row.id, class: row.class },
      element("th", { scope: "row" }, row.head),
      row.cells.map((cell, index) => element("td", { "data-label": heads[index + 1] }, element("div", null, cell)))))));
}

export const listed = (texts, last) =>
  texts.flatMap((text, index) => [index === 0 ? "" : index === texts.length - 1 ? ` ${last} ` : ", ", text]);

export const codes = (names) => listed(names.map((name) => code(name)), "and");

export const button = (kind, text, act) => element("button", { type: "button", class: kind, click: act }, text);

export const pathOf = (path) => code(path, { class: "path" });

export const methodTag = (method) => element("span", { class: `tag method ${method.toLowerCase()}` }, method);
