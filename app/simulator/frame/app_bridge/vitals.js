// Largest paint, layout shift and slowest interaction, measured as the Built for Shopify programme counts them.

const QUIET_MS = 600;

export function installVitals({ shopify, channel }) {
  const measured = {};
  const told = new Set();
  let callback = null;
  shopify.webVitals = { onReport: async (wanted) => { callback = wanted; tellFinal(); } };

  function report(name, value) {
    if (measured[name] === value) return;
    measured[name] = value;
    channel.tell('vitals', { ...measured });
    tellFinal();
  }

  /** The admin sees each change; the app hears each measurement once, when it can change no more. */
  function tellFinal() {
    if (!callback) return;
    const final = ['FCP', 'TTFB', ...(isUsed() || document.hidden ? ['LCP'] : []), ...(document.hidden ? ['CLS', 'INP'] : [])];
    const metrics = final.filter((name) => name in measured && !told.has(name)).map((name) => {
      told.add(name);
      return { id: `simulated-${name.toLowerCase()}`, name, value: measured[name], version: 'simulated' };
    });
    if (metrics.length) callback({ metrics });
  }

  const isUsed = firstUse(tellFinal);
  document.addEventListener('visibilitychange', tellFinal);
  observe('largest-contentful-paint', (entries) => { if (!isUsed()) report('LCP', Math.round(entries.at(-1).startTime)); });
  observe('paint', (entries) => {
    const first = entries.find((entry) => entry.name === 'first-contentful-paint');
    if (first) report('FCP', Math.round(first.startTime));
  });
  // A look or width changed from the simulator's panel is no fault of the page.
  let before = '';
  let quietUntil = 0;
  channel.on('conditions', (conditions) => {
    const now = JSON.stringify(conditions);
    if (before && before !== now) quietUntil = performance.now() + QUIET_MS;
    before = now;
  });
  observe('layout-shift', layoutShift(report, () => quietUntil));
  observe('event', slowestInteraction(report), { durationThreshold: 16 });
  window.addEventListener('load', () => {
    report('TTFB', Math.round(performance.getEntriesByType('navigation')[0]?.responseStart ?? 0));
    if (!('CLS' in measured)) report('CLS', 0);
  });
}

/** Loading ends with the first use. A click in the admin's menu arrives as a scripted one, which browsers do not count. */
function firstUse(whenUsed) {
  let used = false;
  const use = () => {
    used = true;
    whenUsed();
  };
  for (const type of ['click', 'keydown', 'pointerdown']) window.addEventListener(type, use, { capture: true, once: true });
  return () => used;
}

/** The worst burst of shifts: at most a second between two of them and five seconds in all. */
function layoutShift(report, quietUntil) {
  let burst = { sum: 0, first: 0, last: 0 };
  let worst = 0;
  return (entries) => {
    for (const { hadRecentInput, startTime, value } of entries) {
      if (hadRecentInput || startTime < quietUntil()) continue;
      const continues = startTime - burst.last < 1000 && startTime - burst.first < 5000;
      burst = continues ? { ...burst, sum: burst.sum + value, last: startTime } : { sum: value, first: startTime, last: startTime };
      worst = Math.max(worst, burst.sum);
    }
    report('CLS', Number(worst.toFixed(4)));
  };
}

function slowestInteraction(report) {
  let slowest = 0;
  return (entries) => {
    for (const entry of entries) if (entry.interactionId) slowest = Math.max(slowest, entry.duration);
    if (slowest) report('INP', Math.round(slowest));
  };
}

function observe(type, handle, options = {}) {
  if (!PerformanceObserver.supportedEntryTypes.includes(type)) return;
  new PerformanceObserver((list) => handle(list.getEntries())).observe({ type, buffered: true, ...options });
}
