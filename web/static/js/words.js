// Sentences that scripts say, in the reader's language: the document carries them. Those about input come from the server.

const said = JSON.parse(document.getElementById('words').textContent);
const language = document.documentElement.lang;
const dollars = new Intl.NumberFormat(language, { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: 4 });
const plain = new Intl.NumberFormat(language);

/** A sentence with its places filled in: "{count} segments". */
const fill = (name, values) => said[name].replace(/\{(\w+)\}/g, (_, place) => values[place]);

export const WORDS = {
  ...said,
  switchedOn: (name) => fill('switchedOn', { name }),
  switchedOff: (name) => fill('switchedOff', { name }),
  textIn: (name) => fill('textIn', { language: name }),
  segments: (count) => fill(count === 1 ? 'segment' : 'segments', { count: plain.format(count) }),
  units: (used, room) => fill('units', { used, room }),
  worstCase: (count) => fill('worstCase', { count }),
  cost: (price) => fill('cost', { price: dollars.format(price) }),
  costRange: (price, most) => fill('costRange', { price: dollars.format(price), most: dollars.format(most) }),
  offenders: (list) => fill('offenders', { list }),
  newTexts: (count) => fill(count === 1 ? 'newText' : 'newTexts', { count: plain.format(count) }),
  accountsAdded: (count) => fill('accountsAdded', { count: plain.format(count) }),
  offender: (list) => fill('offender', { list }),
};
