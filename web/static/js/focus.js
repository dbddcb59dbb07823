// Keeps the focus while what stands around it is swapped: an element is known again by where it leads, what it submits or its name.

const KNOWN_BY = ['href', 'data-submits', 'name'];

/** To be called before *old* is swapped; what it answers gives the focus to the same thing in what came instead. */
export function rememberFocus(old) {
  const focused = document.activeElement?.closest('[href], [data-submits], [name]');
  const name = old.contains(focused) && KNOWN_BY.find((each) => focused.getAttribute(each));
  const same = name && `[${name}="${CSS.escape(focused.getAttribute(name))}"]`;
  return (now) => { if (same) now.querySelector(same)?.focus({ preventScroll: true }); };
}
