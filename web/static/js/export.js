// Exports what the log shows just now. A download carries no session token, so the server first makes an address that
// works once.
import { send } from './api.js';
import { clearErrors, showErrors } from './fields.js';
import { WORDS } from './words.js';

const FILTERS = ['status', 'kind', 'q'];

export function mount(form) {
  const buttons = [...document.querySelectorAll(`[data-submits="${form.id}"]`)];

  async function start() {
    clearErrors(form);
    const here = new URLSearchParams(location.search);
    const filters = Object.fromEntries(FILTERS.filter((name) => here.get(name)).map((name) => [name, here.get(name)]));
    for (const button of buttons) button.loading = true;
    const answer = await send(form.dataset.action, 'POST', filters);
    for (const button of buttons) button.loading = false;
    if (!answer.ok) {
      showErrors(form, answer.errors, answer.sentence);
      return;
    }
    const link = document.createElement('a');
    link.href = answer.data.url;
    link.download = '';
    document.body.append(link);
    link.click();
    link.remove();
    window.shopify.toast.show(WORDS.exportReady);
  }

  for (const button of buttons) button.addEventListener('click', start);
}
