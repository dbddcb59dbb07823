// Two people at one thing: shows what somebody else has saved meanwhile beside what stands in the form, and lets the
// merchant choose. Nothing typed is lost, and nobody's work is overwritten unseen.
import { element } from './marks.js';
import { WORDS } from './words.js';

/** The question of a form; null where its page has no place for it (`partials/meanwhile.html`). */
export function questionIn(form) {
  const box = form.querySelector('[data-meanwhile]');
  return box && new Question(box);
}

class Question {
  #box;

  constructor(box) {
    this.#box = box;
    box.tabIndex = -1; // so that it can take the focus
  }

  get open() {
    return !this.#box.hidden;
  }

  /** *choices*: what `mine` and `theirs` do. */
  ask(rows, choices) {
    for (const [choice, act] of Object.entries(choices)) {
      this.#box.querySelector(`[data-meanwhile-${choice}]`).onclick = () => { this.close(); act(); };
    }
    this.show(rows);
    this.#box.hidden = false;
    this.focus();
  }

  /** *rows*: `{label, theirs, mine}`; none closes the question, for nothing is left to choose. */
  show(rows) {
    if (!rows.length) this.close();
    this.#box.querySelector('[data-meanwhile-rows]').replaceChildren(...rows.map(row));
  }

  focus() {
    this.#box.scrollIntoView({ block: 'nearest' });
    this.#box.focus();
  }

  close() {
    this.#box.hidden = true;
  }
}

function row({ label, theirs, mine }) {
  const side = (name, value) => element('div', {}, element('s-text', { color: 'subdued' }, name), element('p', { class: 'version' }, value));
  return element('li', {}, element('s-text', { type: 'strong' }, label), element('div', { class: 'side-by-side' }, side(WORDS.theirs, theirs), side(WORDS.mine, mine)));
}
