// Sends a file of accounts a few lines at a time, and shows how far it is. What was refused is listed with its line.
import { send } from './api.js';
import { element } from './marks.js';
import { showOutcome } from './outcome.js';
import { onSubmit } from './submit.js';
import { tell } from './words.js';

const AT_ONCE = 20;

export function mount(form) {
  const [file, progress, list] = ['input[type=file]', 's-progress', '[data-refused]'].map((each) => form.querySelector(each));

  /** The last answer: the first that says no, if there is one. */
  async function sendAll() {
    list.replaceChildren();
    const [head, ...lines] = ((await file.files[0]?.text()) ?? '').split(/\r?\n/);
    let [made, at, answer] = [0, 0];
    do {
      answer = await send(form.dataset.action, 'POST', { csv: [head, ...lines.slice(at, at + AT_ONCE)].join('\n'), first_line: at + 2 });
      if (!answer.ok) break;
      at += AT_ONCE;
      made += answer.data.created;
      list.append(...answer.data.refused.map(({ line, sentence }) => element('li', {}, `${line}: ${sentence}`)));
      progress.hidden = false;
      progress.value = Math.min(100, Math.round((at * 100) / Math.max(lines.length, 1)));
    } while (at < lines.length);
    window.shopify.toast.show(tell('accountsAdded', { count: made }));
    return answer;
  }

  onSubmit(form, sendAll, () => showOutcome(form.id, true));
}
