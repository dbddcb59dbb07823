// A button that copies the field it stands beside, and says so in its own words.
import { WORDS } from './words.js';

const SAID_FOR = 2000; // milliseconds

export function mount(button) {
  const label = button.textContent;
  const field = () => button.parentElement.querySelector('[readonly]');
  let timer = 0;

  async function copy() {
    const copied = (await toClipboard(field().value)) ? WORDS.copied : WORDS.notCopied;
    button.textContent = copied;
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = label; }, SAID_FOR);
  }

  button.addEventListener('click', copy);
  return () => clearTimeout(timer);
}

/** Some browsers keep the clipboard from a framed page; the older way works there. */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const holder = Object.assign(document.createElement('textarea'), { value: text, className: 'copied-from' });
    document.body.append(holder);
    holder.select();
    const copied = document.execCommand('copy');
    holder.remove();
    return copied;
  }
}
