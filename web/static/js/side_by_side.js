// Every language of a text as customers would read it, next to the others: at once what can be told here, then what the
// server says.
import { send } from './api.js';
import { echo } from './echo.js';
import { countSegments } from './gsm.js';
import { fillText } from './preview.js';
import { segmentsInWords } from './words.js';

/** *draftOf*: the text of a language; *values*: what fills it in; *body*: the same for the server; *plain*: see echo.js. */
export function sideBySide(page, action, { draftOf, values, body, plain }) {
  const bubbles = [...page.querySelectorAll('[data-side]')];
  let latest = 0;

  function show(bubble, text) {
    fillText(bubble, text);
    page.querySelector(`[data-side-note="${bubble.dataset.side}"]`).textContent = segmentsInWords(countSegments(text).segments);
  }

  /** The one that is being written. */
  function echoOne(locale) {
    const near = echo(draftOf(locale), values(), plain);
    if (near !== null) showOne(locale, near);
  }

  function showOne(locale, text) {
    const bubble = bubbles.find(({ dataset }) => dataset.side === locale);
    if (bubble) show(bubble, text);
  }

  /** All, because what fills them in has changed, or all were written anew. */
  async function askAll() {
    latest += 1;
    const mine = latest;
    await Promise.all(bubbles.map(async (bubble) => {
      const locale = bubble.dataset.side;
      const answer = await send(`${action}/preview`, 'POST', { template: draftOf(locale), locale, ...body() });
      if (mine === latest && answer.ok) show(bubble, answer.data.text);
    }));
  }

  return { echoOne, showOne, askAll };
}
