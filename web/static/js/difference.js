// Shows what would change: words that go are struck through, words that come are underlined. The server compares.
import { send } from './api.js';
import { element } from './marks.js';

const TAGS = { gone: 'del', new: 'ins' };

export async function showDifference(place, url, body) {
  place.textContent = '…';
  const answer = await send(url, 'POST', body);
  if (!answer.ok) {
    place.textContent = answer.sentence;
    return;
  }
  place.replaceChildren(...answer.data.pieces.map(([deed, words]) => (TAGS[deed] ? element(TAGS[deed], {}, words) : words)));
}
