// The frame the app runs in: opens its documents with what the admin signs, and keeps the browser's address in step.
import { get } from './api.js';
import { byId } from './dom.js';

const PATIENCE_MS = 8000;

export function installAppFrame(bridge, { base, onMoved }) {
  const frame = byId('app');
  let path = location.pathname.slice(base.length) + location.search + location.hash || '/';
  let timer = 0;

  /** Loads a document anew. `replace` keeps it out of the browser's history. */
  async function open(wanted = path) {
    byId('silent').hidden = true;
    clearTimeout(timer);
    timer = setTimeout(() => { byId('silent').hidden = false; }, PATIENCE_MS);
    const { url } = await get(`document?path=${encodeURIComponent(wanted)}`);
    frame.contentWindow.location.replace(url);
  }

  byId('reload-app').addEventListener('click', () => open());
  bridge.answer({
    address(moved) {
      clearTimeout(timer);
      byId('silent').hidden = true;
      path = moved;
      history.replaceState(null, '', base + moved);
      onMoved();
    },
  });
  return { open, currentPath: () => path };
}
