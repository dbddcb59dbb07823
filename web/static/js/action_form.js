// A form that acts at once instead of waiting under the save bar: connect, send a test, record an opt-out, disconnect.
// `data-values` is a fixed body, `data-extra` comes on top of the fields. A list `data-steps` shows the steps while they
// run. A button elsewhere (a modal's action) submits by `data-submits="form id"`.
import { send } from './api.js';
import { empty, nest, snapshot } from './fields.js';
import { finding } from './marks.js';
import { askForReview } from './moments.js';
import { mountInside } from './modules.js';
import { fetchPage, go, refresh } from './navigation.js';
import { showOutcome } from './outcome.js';
import { keepParts } from './rows.js';
import { onSubmit } from './submit.js';

const MOMENT = 300; // milliseconds

export function mount(form) {
  form.addEventListener('input', ({ target }) => target.removeAttribute?.('error'));
  document.querySelector(`[data-again="${form.id}"]`)?.addEventListener('click', () => begin(form));
  onSubmit(form, () => act(form), (data) => goOn(form, data));
}

async function act(form) {
  const { action, method } = form.dataset;
  const steps = form.querySelector('[data-steps]');
  steps?.replaceChildren();
  const pace = onePerMoment((step) => showStep(steps, step));
  const answer = await send(action, method, bodyOf(form, method), steps && pace.tell);
  await pace.told();
  if (!answer.ok) {
    for (const step of steps?.querySelectorAll('[data-level=running]') ?? []) step.replaceWith(finding({ level: 'problem', sentence: step.textContent }));
  }
  return answer;
}

async function goOn(form, data) {
  const { done, then, closes, shows, praise } = form.dataset;
  if (shows) {
    reveal(document.getElementById(shows), data);
    showOutcome(form.id, true);
    listAnew();
  }
  if (closes) document.getElementById(closes).hideOverlay?.();
  if (done) window.shopify.toast.show(done);
  if (then === 'refresh') await refresh();
  else if (then) await go(then);
  if (praise !== undefined) askForReview();
}

/** The same form once more, empty. */
function begin(form) {
  empty(form);
  document.getElementById(form.dataset.shows).hidden = true;
  showOutcome(form.id, false);
  form.querySelector('[name]').focus();
}

/** What is shown this once only, such as a new key: `data-answer` names the part of the answer. */
function reveal(box, data) {
  for (const place of box.querySelectorAll('[data-answer]')) place.value = data[place.dataset.answer];
  box.hidden = false;
  box.scrollIntoView({ block: 'nearest' });
}

/** What is shown once stays, and the list that what was made belongs to has it at once. */
async function listAnew() {
  const asked = location.href;
  const page = document.querySelector('#app [data-part]') && await fetchPage(asked);
  if (page && asked === location.href) keepParts(page).forEach(mountInside);
}

/** Steps are shown one after the other, so that they are seen even where the answers come at once. */
function onePerMoment(show) {
  let last = Promise.resolve();
  const tell = (step) => {
    last = last.then(() => {
      show(step);
      return new Promise((resolve) => { setTimeout(resolve, step.level === 'running' ? MOMENT : MOMENT / 2); });
    });
  };
  return { tell, told: () => last };
}

/** A step that is told again takes its own place. */
function showStep(steps, step) {
  const item = finding(step);
  item.dataset.code = step.code;
  const before = steps.querySelector(`[data-code="${CSS.escape(step.code)}"]`);
  if (before) before.replaceWith(item);
  else steps.append(item);
}

function bodyOf(form, method) {
  if (method === 'DELETE' || method === 'GET') return undefined;
  if (form.dataset.values) return JSON.parse(form.dataset.values);
  // Other modules may add what their page knows, such as the text as it stands in the editor.
  const extra = JSON.parse(form.dataset.extra ?? '{}');
  form.dispatchEvent(new CustomEvent('collect', { bubbles: true, detail: extra }));
  return { ...nest(snapshot(form)), ...extra };
}
