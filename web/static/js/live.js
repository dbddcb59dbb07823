// Looks again every two seconds while something is under way, and swaps only the figures, so that nobody loses their place.
import { fetchFragment, parse, refresh } from './navigation.js';

const PAUSE = 2000; // milliseconds

export function mount(box) {
  let timer = setTimeout(look, PAUSE);

  async function look() {
    const html = await fetchFragment(location.href).catch(() => null);
    const fresh = html && parse(html).querySelector(`#${box.id}`);
    if (!box.isConnected) return;
    if (fresh && !fresh.dataset.module) { refresh(); return; }
    if (fresh) box.replaceChildren(...fresh.childNodes);
    timer = setTimeout(look, PAUSE);
  }

  return () => clearTimeout(timer);
}
