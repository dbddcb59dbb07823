// One poll of the simulators' state for the whole panel: every second while somebody looks, now and then otherwise.
import { get } from '../api.js';

const OFTEN_MS = 1000;
const SELDOM_MS = 5000;

export function startFeed({ isWanted }) {
  const listeners = [];
  let phone = null;
  let timer = 0;
  let before = '';
  let running = null;

  async function poll() {
    clearTimeout(timer);
    try {
      const state = await get(`state${phone ? `?phone=${encodeURIComponent(phone)}` : ''}`);
      const print = JSON.stringify(state);
      if (print !== before) for (const listener of listeners) listener(state);
      before = print;
    } finally {
      const often = isWanted() && document.visibilityState === 'visible';
      timer = setTimeout(hurry, often ? OFTEN_MS : SELDOM_MS);
    }
  }

  /** Asks now; two askers at once share the answer. */
  function hurry() {
    running ??= poll().catch((error) => console.warn('The simulator does not answer.', error.message)).finally(() => { running = null; });
    return running;
  }

  document.addEventListener('visibilitychange', hurry);
  return {
    hurry,
    onState: (listener) => listeners.push(listener),
    /** Whose handset the texts are asked for. */
    watchPhone(wanted) {
      if (phone === wanted) return;
      phone = wanted;
      hurry();
    },
  };
}
