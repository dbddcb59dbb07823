// A button that asks for a link which works once, and opens it: a download cannot carry a session token. `data-values` is
// what is asked with.
import { send } from './api.js';

export function mount(button) {
  async function download() {
    if (button.loading) return;
    button.loading = true;
    const answer = await send(button.dataset.action, 'POST', JSON.parse(button.dataset.values ?? '{}'));
    button.loading = false;
    if (answer.ok) window.open(answer.data.url, '_blank');
    else window.shopify.toast.show(answer.sentence, { isError: true });
  }

  button.addEventListener('click', download);
}
