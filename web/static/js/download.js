// A button that asks for a link which works once, and opens it: a download cannot carry a session token. `data-values` is
// what is asked with. What went wrong is said where the button is, in the `[data-row-problem]` of its `[data-row]`.
import { send } from './api.js';

export function mount(button) {
  const problem = button.closest('[data-row]').querySelector('[data-row-problem]');

  function say(sentence) {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }

  async function download() {
    if (button.loading) return;
    button.loading = true;
    say('');
    const answer = await send(button.dataset.action, 'POST', JSON.parse(button.dataset.values ?? '{}'));
    button.loading = false;
    if (answer.ok) window.open(answer.data.url, '_blank');
    else say(answer.sentence || Object.values(answer.errors).join(' '));
  }

  button.addEventListener('click', download);
}
