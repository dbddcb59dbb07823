// What a template reads like with sample values, at once, until the server's own preview arrives. Only what can be told
// without knowing Liquid: variables are filled in, and a lone condition counts as met, as samples fill every variable.

const VARIABLE = /\{\{-?\s*([a-z_]+\.[a-z_]+)\s*(?:\|[^}]*)?-?\}\}/g;
const BEYOND = /\{%-?\s*(?:else|elsif|unless|case|assign|comment|#)/;
const TAG = /\{%[^%]*%\}/g;

/** The text, or null when the template holds more than this can follow. */
export function echo(template, samples) {
  if (BEYOND.test(template)) return null;
  const filled = template.replace(TAG, '').replace(VARIABLE, (written, name) => samples[name] ?? written);
  return filled.includes('{%') ? null : filled.trim();
}
