// A switch in a list, saved at once. A refused change turns back and says why in its row.
import { inOneLine, refusal, send } from './api.js';
import { askFor } from './permission.js';
import { tell } from './words.js';

export function mount(row) {
  const control = row.querySelector('s-switch');
  const problem = row.querySelector('[data-row-problem]');
  const label = row.querySelector('s-link').textContent.trim();

  async function save() {
    const enabled = control.checked;
    problem.hidden = true;
    control.disabled = true;
    const declined = enabled ? await askFor(row.dataset.scope) : '';
    const answer = declined ? refusal(declined) : await send(row.dataset.action, 'PUT', { enabled });
    control.disabled = false;
    if (answer.ok) {
      // One permission is enough for every text that needs it.
      if (enabled && row.dataset.scope) forgetScope(row.dataset.scope);
      window.shopify.toast.show(tell(enabled ? 'switchedOn' : 'switchedOff', { name: label }));
      return;
    }
    control.checked = !enabled;
    problem.textContent = inOneLine(answer);
    problem.hidden = false;
  }

  control.addEventListener('change', save);
}

function forgetScope(scope) {
  for (const row of document.querySelectorAll(`[data-scope="${scope}"]`)) row.removeAttribute('data-scope');
  for (const notice of document.querySelectorAll('[data-needs]')) notice.remove();
}
