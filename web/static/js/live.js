// The figures of something under way, every two seconds. Only they are swapped, so that nobody loses their place; what has
// ended is shown as a page of its own.
import { keepLooking } from './looking.js';
import { renew } from './navigation.js';

const PAUSE = 2; // seconds

export function mount(box) {
  return keepLooking(box, () => PAUSE, (now) => {
    if (!now?.dataset.module) return renew();
    box.replaceChildren(...now.childNodes);
    return false;
  });
}
