// A switch in a list, saved at once. A refused change turns back and says why in its row.
import { send } from './api.js';
import { askFor } from './permission.js';
import { WORDS } from './words.js';

export function mount(row) {
  const control = row.querySelector('s-switch');
  const problem = row.querySelector('[data-row-problem]');
  const label = row.querySelector('s-link').textContent.trim();

  async function save() {
    const enabled = control.checked;
    problem.hidden = true;
    control.disabled = true;
    const declined = enabled ? await askFor(row.dataset.scope) : '';
    const answer = declined ? { ok: false, errors: {}, sentence: declined } : await send(row.dataset.action, 'PUT', { enabled });
    control.disabled = false;
    if (answer.ok) {
      // One permission is enough for every text that needs it.
      if (enabled && row.dataset.scope) forgetScope(row.dataset.scope);
      window.shopify.toast.show(enabled ? WORDS.switchedOn(label) : WORDS.switchedOff(label));
      return;
    }
    control.checked = !enabled;
    problem.textContent = answer.sentence || Object.values(answer.errors).join(' ');
    problem.hidden = false;
  }

  control.addEventListener('change', save);
}

function forgetScope(scope) {
  for (const row of document.querySelectorAll(`[data-scope="${scope}"]`)) row.removeAttribute('data-scope');
  for (const notice of document.querySelectorAll('[data-needs]')) notice.remove();
}
