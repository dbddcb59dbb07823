// A switch in a list, saved at once. A refused change turns back and says why in its row.
import { send } from './api.js';
import { WORDS } from './words.js';

export function mount(row) {
  const control = row.querySelector('s-switch');
  const problem = row.querySelector('[data-row-problem]');
  const label = row.querySelector('s-link').textContent.trim();

  async function save() {
    const enabled = control.checked;
    problem.hidden = true;
    control.disabled = true;
    const answer = await send(row.dataset.action, 'PUT', { enabled });
    control.disabled = false;
    if (answer.ok) {
      window.shopify.toast.show(enabled ? WORDS.switchedOn(label) : WORDS.switchedOff(label));
      return;
    }
    control.checked = !enabled;
    problem.textContent = answer.sentence || Object.values(answer.errors).join(' ');
    problem.hidden = false;
  }

  control.addEventListener('change', save);
}
