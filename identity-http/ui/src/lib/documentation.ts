/** Returns the page of the documentation that a link between its files names, with its anchor. */
export const pageOf = (href: string): string | undefined => {
  const found = /^(?:docs\/|\.\/)?([\w-]+)\.md(#.*)?$/.exec(href);
  return found ? `${found[1]}${found[2] ?? ""}` : undefined;
};
