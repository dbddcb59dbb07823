// What a template reads like with the values at hand, at once, until the server's own preview arrives. Only what can be
// told without knowing Liquid: variables are filled in, and a lone condition counts as met. Typographic characters become
// plain ones, as in the text that is sent.

const VARIABLE = /\{\{-?\s*([a-z_]+\.[a-z_]+)\s*(?:\|[^}]*)?-?\}\}/g;
const BEYOND = /\{%-?\s*(?:else|elsif|unless|case|assign|comment|#)/;
const TAG = /\{%[^%]*%\}/g;

/** The text, or null when the template holds more than this can follow. *plain*: character to what is sent for it. */
export function echo(template, values, plain) {
  if (BEYOND.test(template)) return null;
  const filled = template.replace(TAG, '').replace(VARIABLE, (written, name) => values[name] ?? written);
  return filled.includes('{%') ? null : filled.trim().normalize('NFC').replace(/[^ -~\n]/g, (char) => plain[char] ?? char);
}
