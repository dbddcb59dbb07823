// Brings rows on the page up to date with those of a page just fetched. A row is known by its `data-key`, and different
// when its `data-version` or its `data-look` is; what only looks different is no news and says nothing. Whoever is in a row
// keeps the focus, and a row whose words are being marked waits.
import { rememberFocus } from './focus.js';

/** `{shown, held}`: the rows that are new or different by now, and how many stayed out. *how*: see fresh.js. */
export function mergeRows(box, now, how) {
  const known = by('key', box);
  const rows = [...by('key', now).values()];
  const unknown = rows.filter((row) => !known.has(row.dataset.key));
  if (!known.size && rows.length) {
    box.replaceChildren(...now.childNodes);
    return { shown: unknown, held: 0 };
  }
  const different = rows.filter((row) => known.has(row.dataset.key) && isOther(known.get(row.dataset.key), row));
  for (const row of different) if (!isNews(known.get(row.dataset.key), row)) delete row.dataset.says;
  const first = rows.findIndex((row) => known.has(row.dataset.key));
  // Copies, because a button may still show *now* as a whole.
  const shown = different.filter((row) => swap(known.get(row.dataset.key), row.cloneNode(true)));
  if (how === 'hold') return { shown, held: first < 0 ? rows.length : first };
  place(box, rows, by('key', box));
  return { shown: [...shown, ...unknown], held: 0 };
}

/** What stands elsewhere, such as a badge in the title bar: `data-part` names it. Answers the parts that are different. */
export function keepParts(page) {
  const here = by('part', document.getElementById('app'));
  const there = by('part', page);
  for (const [name, part] of here) if (!there.has(name)) part.remove();
  return [...there].filter(([name, part]) => {
    const old = here.get(name);
    if (!old) document.querySelector('#app > s-page').append(part);
    return old ? isOther(old, part) && !isFilledIn(old) && swap(old, part) : true;
  }).map(([, part]) => part);
}

const by = (name, root) => new Map([...root.querySelectorAll(`[data-${name}]`)].map((each) => [each.dataset[name], each]));
const isNews = (old, row) => old.dataset.version !== row.dataset.version;
const isOther = (old, row) => isNews(old, row) || old.dataset.look !== row.dataset.look;
const isFilledIn = (part) => [...part.querySelectorAll('s-text-area')].some(({ value }) => value.trim());

function swap(old, row) {
  const marked = getSelection();
  if (!marked.isCollapsed && marked.containsNode(old, true)) return false;
  const giveFocusBack = rememberFocus(old);
  old.replaceWith(row);
  giveFocusBack(row);
  return true;
}

/**
 * From the last to the first, each before the one that follows it; one that stands there already is not touched. Of several
 * lists new rows come into the last. What has meanwhile become one of the earlier rows stays where it is being read.
 */
function place(box, rows, here) {
  const keys = new Set(rows.map(({ dataset }) => dataset.key));
  const newest = rows.at(-1)?.parentElement;
  let [list, next] = [[...here.values()].at(-1)?.parentElement, null];
  for (const row of rows.toReversed()) {
    const standing = here.get(row.dataset.key) ?? row;
    const own = row.parentElement === newest || standing === row ? list : standing.parentElement;
    if (own !== list) [list, next] = [own, null];
    if (standing.nextElementSibling !== next || standing.parentElement !== list) list.insertBefore(standing, next);
    next = standing;
  }
  for (const [key, row] of here) if (!keys.has(key)) row.remove();
}
