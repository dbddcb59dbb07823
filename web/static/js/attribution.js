// The rules under the save bar: saving shows them anew with an empty one below, trying shows what past orders would become.
import { clearErrors, nest, showErrors, snapshot } from './fields.js';
import { send } from './api.js';
import { fetchPage, inThisShop } from './navigation.js';
import { watchForm } from './save_form.js';
import { whileLoading } from './submit.js';

export function mount(form) {
  const button = document.querySelector('[data-try]');

  async function tryOut() {
    const rules = nest(snapshot(form));
    const checked = await send(form.dataset.check, 'POST', rules);
    if (!checked.ok) {
      showErrors(form, checked);
      return;
    }
    const url = inThisShop('/connect/attribution');
    url.searchParams.set('try', JSON.stringify(rules));
    const tried = (await fetchPage(url))?.querySelector('[data-results]');
    if (tried) document.querySelector('[data-results]').replaceChildren(...tried.childNodes);
  }

  watchForm(form, { renews: true });
  button.addEventListener('click', () => {
    clearErrors(form);
    whileLoading([button], tryOut);
  });
}
