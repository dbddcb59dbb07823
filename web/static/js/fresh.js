// Keeps a part of the page as it now is. It looks again while somebody can see the page: every `data-every` seconds, less
// often while nothing happens, and ever less while the server does not answer. What is shown changes row by row, and news
// are told to whoever cannot see them. `data-news` says how new rows come in:
//   order   each where it belongs
//   hold    not by themselves: a button tells how many there are, so that no row moves away below the mouse
//   renew   there are no rows; the page is shown anew, at the same place, once `data-version` differs
import { mountInside } from './modules.js';
import { fetchFragment, parse, renew } from './navigation.js';
import { keepParts, mergeRows } from './rows.js';
import { WORDS } from './words.js';

const SLOWEST = 120; // seconds
const CALM = 4; // as many times longer at most while nothing happens

export function mount(box) {
  let [timer, failures, unchanged] = [0, 0, 0];

  function plan() {
    clearTimeout(timer);
    if (document.hidden) return;
    const seconds = Number(box.dataset.every) * Math.min(1 + unchanged / 10, CALM) * 2 ** failures;
    timer = setTimeout(look, Math.min(seconds, SLOWEST) * 1000);
  }

  async function look() {
    clearTimeout(timer);
    const asked = location.href;
    const html = await fetchFragment(asked).catch(() => null);
    if (!box.isConnected) return;
    const page = html && parse(html);
    const now = page?.querySelector(`#${box.id}`);
    failures = now ? 0 : failures + 1;
    if (now && asked === location.href) unchanged = show(page, now) ? 0 : unchanged + 1;
    plan();
  }

  /** Whether anything was different. */
  function show(page, now) {
    box.dataset.every = now.dataset.every;
    if (box.dataset.news === 'renew') return now.dataset.version !== box.dataset.version && showAnew();
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
    if (button.textContent !== WORDS.newTexts(count)) say(button.textContent = WORDS.newTexts(count));
    button.onclick = () => {
      box.replaceChildren(...now.childNodes);
      box.querySelector('[data-key] [href]')?.focus({ preventScroll: true });
    };
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else look();
  }

  document.addEventListener('visibilitychange', seen);
  plan();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
