// A form under the admin's save bar. The bar stays until the server has said yes, and edits are never lost to a refusal,
// nor to somebody else who saved the same thing meanwhile: then both stand side by side and the merchant chooses.
import { refusal, send } from './api.js';
import { clearErrors, findField, inWords, nest, restore, showErrors, snapshot } from './fields.js';
import { questionIn } from './meanwhile.js';
import { renew } from './navigation.js';
import { WORDS } from './words.js';

/**
 * `read` and `write` default to the form's fields; `body` makes what is sent of (values, values last saved);
 * `onSaved` hears the server's answer, `onRefused` its errors before they are shown, `onReset` that the form was written anew.
 * `allow` is asked before saving and answers a sentence when it must not be. With `renews` the page is shown anew once it is
 * saved, unless somebody writes on.
 * A 409 that says what is stored `now` (by dotted name) is asked about: `onOvertaken` hears the whole answer, so that what
 * is sent next goes over it; `adopt(values, now)` answers *values* with the stored ones put in, and `compare(now, values)`
 * the rows `{label, theirs, mine}` to choose between. Both default to fields by name.
 * Of what is answered, `changed` is to be called when something else than the fields themselves has changed them.
 */
export function watchForm(form, options = {}) {
  const { read = () => snapshot(form), write = (values) => restore(form, values), body = nest, allow, renews, onSaved, onRefused, onReset } = options;
  const { onOvertaken, adopt = put, compare = (now, values) => differences(form, now, values) } = options;
  const bar = document.getElementById('save-bar');
  const saveButton = bar.querySelector('[data-save]');
  const discardButton = bar.querySelector('[data-discard]');
  const question = questionIn(form);
  let theirs = {};
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
    event?.target.removeAttribute?.('error');
    if (question?.open) question.show(compare(theirs, read()));
    showBar();
  }

  async function save() {
    if (busy || !isDirty()) return;
    if (question?.open) {
      question.focus();
      return;
    }
    busy = true;
    saveButton.setAttribute('loading', '');
    clearErrors(form);
    const values = read();
    const objection = await allow?.(values, saved);
    const answer = objection ? refusal(objection) : await send(form.dataset.action, 'PUT', body(values, saved));
    busy = false;
    saveButton.removeAttribute('loading');
    if (answer.ok) {
      saved = values;
      window.shopify.toast.show(form.dataset.done ?? WORDS.saved);
      onSaved?.(answer.data);
    } else if (answer.data.now && question) {
      overtaken(answer.data);
    } else {
      onRefused?.(answer.errors);
      showErrors(form, answer);
    }
    showBar();
    if (answer.ok && renews) renew(isDirty);
  }

  /** What somebody else has saved is what "unchanged" means from here on; the edits stay, and are asked about. */
  function overtaken(answer) {
    theirs = { ...answer.now, ...answer.shown };
    onOvertaken?.(answer);
    saved = adopt(saved, theirs);
    const rows = compare(theirs, read());
    if (rows.length) question.ask(rows, { mine: save, theirs: () => rewrite(adopt(read(), theirs)) });
    else setTimeout(save); // both want the same
  }

  function rewrite(values) {
    write(values);
    clearErrors(form);
    showBar();
    onReset?.();
  }

  function discard() {
    question?.close();
    rewrite(saved);
  }

  form.addEventListener('input', edited);
  form.addEventListener('change', edited);
  form.addEventListener('submit', (event) => { event.preventDefault(); save(); });
  saveButton.addEventListener('click', save);
  discardButton.addEventListener('click', discard);
  return { changed: edited, savedValues: () => saved };
}

const put = (values, now) => ({ ...values, ...Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value ?? ''])) });

function differences(form, now, values) {
  return Object.keys(now).filter((name) => findField(form, name) && String(now[name] ?? '') !== String(values[name] ?? '')).map((name) => {
    const field = findField(form, name);
    return { label: field.getAttribute('label'), theirs: inWords(field, now[name]), mine: inWords(field, values[name]) };
  });
}
