// A button that copies the field it stands beside, and says so in its own words.
import { element } from './marks.js';
import { WORDS } from './words.js';

const SAID_FOR = 2000; // milliseconds

export function mount(button) {
  const label = button.textContent;
  const field = () => button.parentElement.querySelector('[readonly]');
  let timer = 0;

  async function copy() {
    const copied = await toClipboard(field().value);
    button.textContent = copied ? WORDS.copied : WORDS.notCopied;
    if (copied) window.shopify.toast.show(WORDS.copied);
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = label; }, SAID_FOR);
  }

  button.addEventListener('click', copy);
  return () => clearTimeout(timer);
}

/** Where the page around keeps the clipboard from a framed page, the older way still works. */
async function toClipboard(text) {
  if (document.featurePolicy?.allowsFeature('clipboard-write') !== false) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused after all.
    }
  }
  const holder = element('textarea', { class: 'copied-from' }, text);
  document.body.append(holder);
  holder.select();
  const copied = document.execCommand('copy');
  holder.remove();
  return copied;
}
