// How many SMS a text is paid as. The server counts by the same rules and has the last word (3GPP TS 23.038).

const BASIC = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENSION = '^{}\\[~]|€\f';
const UNITS = new Map([...[...BASIC].map((char) => [char, 1]), ...[...EXTENSION].map((char) => [char, 2])]);

/** `{encoding, units, segments, unitsLeft, offenders}`; offenders force the dearer encoding, each once. */
export function countSegments(text) {
  const chars = [...text];
  const offenders = [...new Set(chars.filter((char) => !UNITS.has(char)))];
  const costs = chars.map((char) => (offenders.length ? char.length : UNITS.get(char)));
  const [single, part] = offenders.length ? [70, 67] : [160, 153];
  const units = costs.reduce((sum, cost) => sum + cost, 0);
  const encoding = offenders.length ? 'UCS-2' : 'GSM-7';
  if (units <= single) return { encoding, units, segments: units ? 1 : 0, unitsLeft: single - units, offenders };
  const { segments, used } = pack(costs, part);
  return { encoding, units, segments, unitsLeft: part - used, offenders };
}

/** A pair of units is never cut over the end of a part. */
function pack(costs, part) {
  let segments = 1;
  let used = 0;
  for (const cost of costs) {
    if (used + cost > part) {
      segments += 1;
      used = 0;
    }
    used += cost;
  }
  return { segments, used };
}
