// Forms that act at once: their buttons, wherever they stand, show that something is under way, and nothing begins twice.
import { clearErrors, showErrors } from './fields.js';

/**
 * When *form* is submitted, also by a button elsewhere (a dialog's action) that names it in `data-submits`, *ask* answers as
 * `send` does; *done* hears what the server said, and errors are shown.
 */
export function onSubmit(form, ask, done) {
  const remote = [...document.querySelectorAll(`[data-submits="${form.id}"]`)];
  const buttons = [...form.querySelectorAll('s-button[type=submit]'), ...remote];

  async function start() {
    if (buttons.some((button) => button.loading)) return;
    clearErrors(form);
    const answer = await whileLoading(buttons, ask);
    if (answer.ok) done(answer.data);
    else showErrors(form, answer);
  }

  form.addEventListener('submit', (event) => { event.preventDefault(); start(); });
  for (const button of remote) button.addEventListener('click', start);
}

export async function whileLoading(buttons, deed) {
  for (const button of buttons) button.loading = true;
  try {
    return await deed();
  } finally {
    for (const button of buttons) button.loading = false;
  }
}
