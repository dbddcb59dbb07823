// The save bar in the top bar, and the two questions that guard unsaved changes.
import { byId } from './dom.js';

export function installSaveBar(bridge) {
  const bar = byId('save-bar');
  const save = byId('save-bar-save');
  const discard = byId('save-bar-discard');
  let view = null;

  save.addEventListener('click', () => bridge.say('save'));
  discard.addEventListener('click', async () => {
    if (!view?.confirm || (await choose('discard-dialog')) === 'leave') bridge.say('discard');
  });
  window.addEventListener('beforeunload', (event) => { if (view) event.preventDefault(); });

  bridge.answer({
    saveBar(wanted) {
      view = wanted;
      bar.hidden = !view;
      if (!view) return;
      save.disabled = view.save.disabled || view.save.loading;
      save.textContent = view.save.loading ? 'Saving…' : 'Save';
      discard.disabled = view.discard.disabled || view.discard.loading || view.save.loading;
    },
    async leaveConfirmation() {
      if (!view) return;
      if ((await choose('leave-dialog')) !== 'leave') throw new Error('The merchant stays on the page.');
      bridge.say('discard');
    },
  });
  return {
    /** A document that was replaced cannot hide its own bar. */
    forget() {
      view = null;
      bar.hidden = true;
    },
  };
}

/** The value of the button that closed a dialog; Escape counts as staying. */
export function choose(id) {
  const dialog = byId(id);
  dialog.returnValue = 'stay';
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}
