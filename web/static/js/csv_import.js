// Sends a file of accounts a few lines at a time, and shows how far it is. What was refused is listed with its line.
import { send } from './api.js';
import { clearErrors, showErrors } from './fields.js';
import { showOutcome } from './outcome.js';
import { WORDS } from './words.js';

const AT_ONCE = 20;

export function mount(form) {
  const [file, progress, list] = ['input[type=file]', 's-progress', '[data-refused]'].map((each) => form.querySelector(each));
  const button = document.querySelector(`[data-submits="${form.id}"]`);

  async function start() {
    clearErrors(form);
    list.replaceChildren();
    const [head, ...lines] = ((await file.files[0]?.text()) ?? '').split(/\r?\n/);
    button.loading = true;
    let made = 0;
    let whole = true;
    for (let at = 0; at === 0 || at < lines.length; at += AT_ONCE) {
      const answer = await send(form.dataset.action, 'POST', { csv: [head, ...lines.slice(at, at + AT_ONCE)].join('\n'), first_line: at + 2 });
      if (!answer.ok) { showErrors(form, answer.errors, answer.sentence); whole = false; break; }
      made += answer.data.created;
      for (const each of answer.data.refused) list.append(Object.assign(document.createElement('li'), { textContent: `${each.line}: ${each.sentence}` }));
      progress.hidden = false;
      progress.value = Math.min(100, Math.round(((at + AT_ONCE) * 100) / Math.max(lines.length, 1)));
    }
    button.loading = false;
    if (whole) showOutcome(form.id, true);
    window.shopify.toast.show(WORDS.accountsAdded(made));
  }

  button.addEventListener('click', start);
}
