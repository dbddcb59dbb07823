// A form under the admin's save bar. The bar stays until the server has said yes, and edits are never lost to a refusal.
import { send } from './api.js';
import { clearErrors, nest, restore, showErrors, snapshot } from './fields.js';
import { WORDS } from './words.js';

/**
 * `read` and `write` default to the form's fields; `body` makes what is sent of (values, values last saved);
 * `onSaved` hears the server's answer, `onRefused` its errors before they are shown, `onReset` that the form was written anew.
 * `allow` is asked before saving and answers a sentence when it must not be.
 */
export function watchForm(form, { read = () => snapshot(form), write = (values) => restore(form, values), body = nest, allow, onSaved, onRefused, onReset } = {}) {
  const bar = document.getElementById('save-bar');
  const saveButton = bar.querySelector('[data-save]');
  const discardButton = bar.querySelector('[data-discard]');
  let saved = read();
  let shown = false;
  let busy = false;

  const isDirty = () => JSON.stringify(read()) !== JSON.stringify(saved);

  function showBar() {
    const wanted = isDirty();
    if (wanted === shown) return;
    shown = wanted;
    if (wanted) window.shopify.saveBar.show(bar.id);
    else window.shopify.saveBar.hide(bar.id);
  }

  function edited(event) {
    event.target.removeAttribute?.('error');
    showBar();
  }

  async function save() {
    if (busy || !isDirty()) return;
    busy = true;
    saveButton.setAttribute('loading', '');
    clearErrors(form);
    const values = read();
    const objection = await allow?.(values, saved);
    const answer = objection ? { ok: false, errors: {}, sentence: objection } : await send(form.dataset.action, 'PUT', body(values, saved));
    busy = false;
    saveButton.removeAttribute('loading');
    if (answer.ok) {
      saved = values;
      window.shopify.toast.show(form.dataset.done ?? WORDS.saved);
      onSaved?.(answer.data);
    } else {
      onRefused?.(answer.errors);
      showErrors(form, answer.errors, answer.sentence, answer.outdated);
    }
    showBar();
  }

  function discard() {
    write(saved);
    clearErrors(form);
    showBar();
    onReset?.();
  }

  function submit(event) {
    event.preventDefault();
    save();
  }

  form.addEventListener('input', edited);
  form.addEventListener('change', edited);
  form.addEventListener('submit', submit);
  saveButton.addEventListener('click', save);
  discardButton.addEventListener('click', discard);
  return { changed: showBar, savedValues: () => saved };
}
