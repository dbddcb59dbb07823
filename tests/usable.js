// What `tests/usable.py` asks of a document: injected into it, and never part of the app.
(() => {
  const words = (node) => (node?.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 60);
  const nameOf = (node) => {
    const host = node.getRootNode().host;
    return node.getAttribute('aria-label') || words(node.labels?.[0]) || words(node) || host?.getAttribute('label') || words(host);
  };
  const described = (node) => `<${node.localName} ${node.className}> ${nameOf(node)}`;

  function* everything(root) {
    for (const node of root.querySelectorAll('*')) {
      yield node;
      if (node.shadowRoot) yield* everything(node.shadowRoot);
    }
  }

  /** What breaks axe's rules: of these names, or else of these tags. */
  async function brokenRules([rules, tags]) {
    const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: tags };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'], preload: false });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.html.slice(0, 120)}`)}`);
  }

  /** Words that are cut off, and whatever makes the page scroll sideways. A part that scrolls by itself may hold wider things. */
  function cutOff() {
    const found = new Set();
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) found.add(`the page scrolls sideways: ${scrollWidth} > ${innerWidth}`);
    look(document.body, false, found);
    return [...found];
  }

  const unseen = ({ display, visibility, clipPath }) => display === 'none' || visibility === 'hidden' || clipPath !== 'none';

  function look(root, scrolls, found) {
    for (const node of root.children) {
      const style = getComputedStyle(node);
      if (unseen(style) || /^(option|svg|script|style)$/.test(node.localName)) continue;
      const inside = scrolls || /auto|scroll/.test(style.overflowX);
      const box = node.getBoundingClientRect();
      if (!inside && box.width && (box.right > innerWidth + 1 || box.left < -1)) found.add(`beyond the edge: ${described(node)}`);
      const clips = /hidden|clip/.test(style.overflowX) && node.clientWidth && node.scrollWidth > node.clientWidth + 1;
      const onPurpose = node.getRootNode() === document && style.textOverflow === 'ellipsis'; // a line of a longer text
      if (clips && !onPurpose && node.innerText?.trim()) found.add(`cut off: ${described(node)}`);
      if (node.localName === 'select' && node.clientWidth && widthOfChoice(node, style) > node.clientWidth) found.add(`cut off: ${node.selectedOptions[0].text}`);
      if (node.shadowRoot) look(node.shadowRoot, inside, found);
      look(node, inside, found);
    }
  }

  const pen = document.createElement('canvas').getContext('2d');

  function widthOfChoice(select, style) {
    pen.font = style.font;
    const text = pen.measureText(select.selectedOptions[0]?.text ?? '').width;
    return text + parseFloat(style.paddingInlineStart) + parseFloat(style.paddingInlineEnd);
  }

  const STOPS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const canStop = (node) => node.matches(STOPS) && node.checkVisibility({ visibilityProperty: true }) && !node.disabled && node.tabIndex >= 0;
  /** Of the choices of a group only one is a stop. */
  const stopOf = (node) => (node.type === 'radio' ? node.closest('fieldset') : node);

  const outlined = (node) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
  };
  /** A control shows it by itself, or the frame that stands around its text does. */
  const showsFocus = (node) => outlined(node) || (/^(input|select|textarea)$/.test(node.localName) && outlined(node.parentElement));
  const inSight = ({ top, bottom, left, right }) => bottom >= 0 && top <= innerHeight && right >= 0 && left <= innerWidth;

  let left = new Set();
  let faults = [];

  /** Puts the focus where a new page has it, notes where it goes from there, and answers how many stops there are. */
  function watchFocus() {
    const main = document.getElementById('app');
    left = new Set([...everything(main)].filter(canStop).map(stopOf));
    faults = [];
    const seen = new WeakSet();
    const note = (event) => {
      const [node] = event.composedPath();
      if (node === main || seen.has(event)) return;
      seen.add(event);
      left.delete(stopOf(node));
      if (!showsFocus(node)) faults.push(`does not show the focus: ${described(node)}`);
      if (!inSight(node.getBoundingClientRect())) faults.push(`has the focus out of sight: ${described(node)}`);
    };
    // A focus that moves inside one shadow tree is not told outside of it.
    document.addEventListener('focusin', note);
    for (const node of everything(document)) node.shadowRoot?.addEventListener('focusin', note);
    main.focus();
    return left.size;
  }

  const walked = () => [...faults, ...[...left].map((node) => `is never reached: ${described(node)}`)];

  function focused() {
    let node = document.activeElement;
    while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return nameOf(node);
  }

  /** The first key ends what counts as loading, so it is pressed after this. */
  const painted = () => new Promise((resolve) => {
    new PerformanceObserver(() => resolve()).observe({ type: 'largest-contentful-paint', buffered: true });
    setTimeout(resolve, 5000);
  });

  const vitals = () => new Promise((resolve) => {
    const noted = { paint: 0, shift: 0, interaction: 0 };
    const observe = (type, note, options = {}) =>
      new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...options });
    observe('largest-contentful-paint', (entry) => { noted.paint = entry.startTime; });
    observe('layout-shift', (entry) => { if (!entry.hadRecentInput) noted.shift += entry.value; });
    observe('event', (entry) => {
      if (entry.interactionId) noted.interaction = Math.max(noted.interaction, entry.duration);
    }, { durationThreshold: 16 });
    setTimeout(() => resolve(noted), 60);
  });

  window.usable = { brokenRules, cutOff, watchFocus, walked, focused, painted, vitals };
})();
