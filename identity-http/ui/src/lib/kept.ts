/** Setting in local storage. If the browser stores nothing, it lasts until the page is closed. */
export function kept<T extends string>(name: string, choices: readonly T[]) {
  let here: T | undefined;
  return {
    get(): T | undefined {
      try {
        const text = localStorage.getItem(name);
        return choices.find((choice) => choice === text) ?? here;
      } catch {
        return here;
      }
    },
    set(choice: T) {
      here = choice;
      try {
        localStorage.setItem(name, choice);
      } catch {
        // Private windows may reject storage.
      }
    },
  };
}
