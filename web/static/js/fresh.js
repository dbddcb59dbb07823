// Keeps a part of the page as it now is. It looks again every `data-every` seconds, less often while nothing happens. What is
// shown changes row by row, and news are told to whoever cannot see them. `data-news` says how new rows come in:
//   order   each where it belongs
//   hold    not by themselves: a button tells how many there are, so that no row moves away below the mouse
//   renew   there are no rows; the page is shown anew, at the same place, once the box's `data-version` differs
import { keepLooking } from './looking.js';
import { mountInside } from './modules.js';
import { nameAs, renew } from './navigation.js';
import { keepParts, mergeRows } from './rows.js';
import { tell } from './words.js';

const CALM = 4; // as many times longer at most while nothing happens

export function mount(box) {
  let unchanged = 0;

  /** Whether that was all: the page would not look again by itself any more. */
  function look(now, page) {
    unchanged = now && show(now, page) ? 0 : unchanged + 1;
    return now && !now.dataset.module && now.dataset.version === box.dataset.version;
  }

  /** Whether anything was different. */
  function show(now, page) {
    box.dataset.every = now.dataset.every;
    if (now.querySelector('[data-people-late]')) return false; // what a search by name has found before Shopify answers
    if (now.dataset.version !== box.dataset.version) return showAnew();
    nameAs(page);
    const parts = keepParts(page);
    parts.forEach(mountInside);
    const { shown, held } = mergeRows(box, now, box.dataset.news);
    say(shown.map((row) => row.dataset.says).filter(Boolean).join(' '));
    if (box.dataset.news === 'hold') offer(held, now);
    return parts.length + shown.length > 0;
  }

  function showAnew() {
    if (document.activeElement?.closest('s-modal')) return false; // somebody is being asked something
    renew();
    return true;
  }

  function say(words) {
    if (words) box.parentElement.querySelector('[data-said]').textContent = words;
  }

  function offer(count, now) {
    const button = box.querySelector('[data-held]');
    button.hidden = count === 0;
    if (!count) return;
    const words = tell(count === 1 ? 'newText' : 'newTexts', { count });
    if (button.textContent !== words) say(button.textContent = words);
    button.onclick = () => {
      box.replaceChildren(...now.childNodes);
      box.querySelector('[data-key] [href]')?.focus({ preventScroll: true });
    };
  }

  return keepLooking(box, () => Number(box.dataset.every) * Math.min(1 + unchanged / 10, CALM), look);
}
