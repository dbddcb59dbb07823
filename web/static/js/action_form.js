// A form that acts at once instead of waiting under the save bar: connect, send a test, record an opt-out, disconnect.
// `data-values` is a fixed body; a button elsewhere (a modal's action) submits by `data-submits="form id"`.
import { send } from './api.js';
import { clearErrors, nest, showErrors, snapshot } from './fields.js';
import { refresh } from './navigation.js';

export function mount(form) {
  const buttons = [...form.querySelectorAll('s-button[type=submit]'), ...document.querySelectorAll(`[data-submits="${form.id || ' '}"]`)];
  const start = () => act(form, buttons);

  function submit(event) {
    event.preventDefault();
    start();
  }

  function edited(event) {
    event.target.removeAttribute?.('error');
  }

  const remote = buttons.filter((button) => button.dataset.submits);
  form.addEventListener('submit', submit);
  form.addEventListener('input', edited);
  for (const button of remote) button.addEventListener('click', start);
}

async function act(form, buttons) {
  if (buttons.some((button) => button.loading)) return;
  for (const button of buttons) button.loading = true;
  clearErrors(form);
  const { action, method, done, then, closes } = form.dataset;
  const answer = await send(action, method, bodyOf(form, method));
  for (const button of buttons) button.loading = false;
  if (!answer.ok) {
    showErrors(form, answer.errors, answer.sentence, answer.outdated);
    return;
  }
  if (closes) document.getElementById(closes).hideOverlay?.();
  if (done) window.shopify.toast.show(done);
  if (then === 'refresh') await refresh();
}

function bodyOf(form, method) {
  if (method === 'DELETE') return undefined;
  if (form.dataset.values) return JSON.parse(form.dataset.values);
  // Other modules may add what their page knows, such as the text as it stands in the editor.
  const extra = {};
  form.dispatchEvent(new CustomEvent('collect', { bubbles: true, detail: extra }));
  return { ...nest(snapshot(form)), ...extra };
}
