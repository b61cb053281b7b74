/** Lazy loading of pages, and the error boundary that replaces a page that cannot be loaded or rendered. */

import { Button, InlineNotification } from "@carbon/react";
import { Component, type ComponentType, lazy, type ReactNode } from "react";
import { useLocation } from "wouter";

import { t, word } from "../lib/i18n";
import { isTyping } from "./session";

/** Session storage key of the URL for which the tab was last reloaded. */
const RELOADED = "identity-reloaded";

/**
 * Loads a page on its first visit. After an update of the server its file has another name, so on failure the tab is
 * reloaded once per URL, unless that would lose form input.
 */
export const loaded = <P extends object>(load: () => Promise<{ default: ComponentType<P> }>) =>
  lazy(async () => {
    try {
      const page = await load();
      note(undefined);
      return page;
    } catch (error) {
      if (isTyping() || noted() === location.href || !note(location.href)) throw error;
      location.reload();
      return new Promise<never>(() => {});
    }
  });

function noted(): string | null {
  try {
    return sessionStorage.getItem(RELOADED);
  } catch {
    return null;
  }
}

/**
 * Stores or clears the URL of the last reload. Returns `false` if the browser stores nothing; the tab is not reloaded
 * then, as it would reload endlessly.
 */
function note(address: string | undefined): boolean {
  try {
    if (address === undefined) sessionStorage.removeItem(RELOADED);
    else sessionStorage.setItem(RELOADED, address);
    return true;
  } catch {
    return false;
  }
}

/** Catches errors while a page is loaded or rendered. Navigation to another path resets it. */
export function Boundary({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  return <Catch key={path}>{children}</Catch>;
}

class Catch extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <section className="page">
        <h1>{t("broken.title")}</h1>
        <InlineNotification
          kind="error"
          statusIconDescription={word("notice", "error")}
          lowContrast
          hideCloseButton
          role="alert"
          title={t("broken.page")}
          subtitle={t("broken.text")}
        />
        <Button onClick={() => location.reload()}>{t("broken.reload")}</Button>
      </section>
    );
  }
}
