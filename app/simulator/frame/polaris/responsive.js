// Polaris' keyword values (spacing, borders) and its responsive form "@container (inline-size > 480px) A, B" as CSS.

const SPACING = {
  none: '0', 'small-500': '2px', 'small-400': '4px', 'small-300': '6px', 'small-200': '8px', 'small-100': '12px',
  small: '12px', base: '16px', large: '20px', 'large-100': '20px', 'large-200': '24px', 'large-300': '32px',
  'large-400': '40px', 'large-500': '48px',
};

export function spacing(value) {
  return value.trim().split(/\s+/).map((word) => SPACING[word] ?? word).join(' ');
}

/** Splits at commas that stand outside parentheses: "repeat(2, 1fr), 1fr" has two parts. */
function splitAtCommas(value) {
  const parts = [''];
  let depth = 0;
  for (const character of value) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

const CONDITIONAL = /^(\([^()]*\)(?:\s*(?:and|or)\s*\([^()]*\))*)\s*(.+)$/s;

/** The unconditional value and the conditional ones, in the order in which they win. */
export function readResponsive(value) {
  const match = /^\s*@container\s*([A-Za-z][\w-]*)?\s*(.+)$/s.exec(value);
  if (!match) return { base: value, cases: [] };
  const [, container = '', rest] = match;
  const result = { base: '', cases: [] };
  for (const part of splitAtCommas(rest)) {
    const conditional = CONDITIONAL.exec(part);
    if (conditional) result.cases.push({ query: `${container} ${conditional[1]}`.trim(), value: conditional[2].trim() });
    else result.base = part;
  }
  return result;
}

/** The rules for `:host` that a set of attributes stands for; *translations* maps an attribute to its declarations. */
export function hostRules(element, translations) {
  let base = '';
  let conditional = '';
  for (const [name, translate] of Object.entries(translations)) {
    const value = element.getAttribute(name);
    if (value === null || value === '') continue;
    const parsed = readResponsive(value);
    if (parsed.base) base += `${translate(parsed.base)};`;
    for (const { query, value: wide } of [...parsed.cases].reverse()) {
      conditional += `@container ${query}{:host{${translate(wide)}}}`;
    }
  }
  return `:host{${base}}${conditional}`;
}
