// Looks again every two seconds while something is under way and somebody can see it, ever less while the server does not
// answer. Only the figures are swapped, so that nobody loses their place; what has ended is shown as a page of its own.
import { fetchFragment, parse, renew } from './navigation.js';

const PAUSE = 2; // seconds
const SLOWEST = 120;

export function mount(box) {
  let [timer, failures] = [0, 0];

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, Math.min(PAUSE * 2 ** failures, SLOWEST) * 1000);
  }

  async function look() {
    clearTimeout(timer);
    const html = await fetchFragment(location.href).catch(() => null);
    if (!box.isConnected) return;
    failures = html === null ? failures + 1 : 0;
    if (html !== null && await hasEnded(parse(html))) return;
    plan();
  }

  async function hasEnded(page) {
    const now = page.querySelector(`#${box.id}`);
    if (!now?.dataset.module) return renew();
    box.replaceChildren(...now.childNodes);
    return false;
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
