// Mounts the module that each element names in `data-module`.

let mounted = [];

/** What *root* contains, after unmounting what stood before. */
export async function mountModules(root) {
  for (const unmount of mounted.splice(0)) unmount();
  mounted = await mountAll(root);
}

/** What came into a page that stands already. */
export async function mountInside(element) {
  mounted.push(...await mountAll(element));
}

async function mountAll(root) {
  const elements = [...root.querySelectorAll('[data-module]')];
  const modules = await Promise.all(elements.map((element) => import(`./${element.dataset.module}.js`)));
  return modules.map((module, index) => module.mount(elements[index])).filter(Boolean);
}
