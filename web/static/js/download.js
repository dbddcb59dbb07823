// A button that asks for a link which works once, and opens it: a download cannot carry a session token. `data-values` is
// what is asked with. What went wrong is said where the button is, in the `[data-row-problem]` of its `[data-row]`.
import { inOneLine, send } from './api.js';
import { whileLoading } from './submit.js';

export function mount(button) {
  const problem = button.closest('[data-row]').querySelector('[data-row-problem]');

  async function download() {
    if (button.loading) return;
    problem.hidden = true;
    const answer = await whileLoading([button], () => send(button.dataset.action, 'POST', JSON.parse(button.dataset.values ?? '{}')));
    if (answer.ok) {
      window.open(answer.data.url, '_blank');
      return;
    }
    problem.textContent = inOneLine(answer);
    problem.hidden = false;
  }

  button.addEventListener('click', download);
}
