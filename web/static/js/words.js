// Sentences that scripts say, in the reader's language: the document carries them. Those about input come from the server.

export const WORDS = JSON.parse(document.getElementById('words').textContent);

const language = document.documentElement.lang;
const dollars = new Intl.NumberFormat(language, { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: 4 });
const plain = new Intl.NumberFormat(language);

/** The sentence of that name with its places filled in ("{count} segments"), numbers as the reader writes them. */
export function tell(name, values) {
  const shown = (value) => (typeof value === 'number' ? plain.format(value) : value);
  return WORDS[name].replace(/\{(\w+)\}/g, (_, place) => shown(values[place]));
}

export const segmentsInWords = (count) => tell(count === 1 ? 'segment' : 'segments', { count });

/** In US dollars. */
export const tellCost = (price, most) => tell(most > price ? 'costRange' : 'cost', { price: dollars.format(price), most: dollars.format(most) });
