// A conversation opens at its newest text and keeps itself up to date; whoever reads further up is left there.
import { mount as keepFresh } from './fresh.js';

const NEAR = 40; // pixels

export function mount(box) {
  let atEnd = true;

  function toEnd() {
    if (box.scrollHeight > box.clientHeight) box.scrollTop = box.scrollHeight;
  }

  const grown = new MutationObserver(() => { if (atEnd) toEnd(); });
  box.addEventListener('scroll', () => { atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR; });
  grown.observe(box, { childList: true, subtree: true });
  toEnd();
  // On a phone the page itself scrolls: it begins where the answer is written.
  box.closest('s-section').scrollIntoView({ block: 'end' });
  const stop = keepFresh(box);
  return () => {
    grown.disconnect();
    stop();
  };
}
