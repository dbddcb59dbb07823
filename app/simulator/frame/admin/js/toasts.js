// Short notes at the bottom of the window.
import { byId, element } from './dom.js';

const SHORTEST_MS = 1000;

export function installToasts(bridge) {
  const shown = new Map();

  function hide(id) {
    shown.get(id)?.remove();
    shown.delete(id);
  }

  function show({ id, message, isError, action, duration }) {
    const act = action ? element('button', { type: 'button', click: () => { bridge.say('toastAction', id); hide(id); } }, action) : null;
    const toast = element('div', { class: isError ? 'toast error' : 'toast' }, element('span', {}, message), act);
    shown.set(id, toast);
    byId('toasts').append(toast);
    setTimeout(() => hide(id), Math.max(duration || 0, SHORTEST_MS));
  }

  bridge.answer({ toast: show, toastHide: hide });
  return { note: (message, isError = false) => show({ id: `note-${performance.now()}`, message, isError, duration: 4000 }) };
}
