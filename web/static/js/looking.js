// Looks at the page again and again while somebody can see it, and ever less while the server does not answer.
import { fetchPage } from './navigation.js';

const SLOWEST = 120; // seconds

/**
 * The next look comes *pause()* seconds after the last. *show* is given what *box* is by now, and the whole page, and says
 * whether that was all there is to see. Answers how to stop. The event `plan` at *box* says that the pause is another now.
 */
export function keepLooking(box, pause, show) {
  let [timer, failures] = [0, 0];

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, Math.min(pause() * 2 ** failures, SLOWEST) * 1000);
  }

  async function look() {
    clearTimeout(timer);
    const asked = location.href;
    const page = await fetchPage(asked);
    if (!box.isConnected) return;
    failures = page ? 0 : failures + 1;
    if (page && asked === location.href && await show(page.querySelector(`#${box.id}`), page)) return;
    plan();
  }

  function seen() {
    if (document.hidden) clearTimeout(timer);
    else look();
  }

  document.addEventListener('visibilitychange', seen);
  box.addEventListener('plan', plan);
  plan();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
