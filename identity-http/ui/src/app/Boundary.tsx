/** What is shown in place of a page that cannot be shown: never nothing. */

import { Button, InlineNotification } from "@carbon/react";
import { Component, type ComponentType, type ReactNode, lazy } from "react";
import { useLocation } from "wouter";

import { t } from "../lib/i18n";
import { isTyping } from "./session";

/** Where the tab notes that it has been reloaded for a page that did not load. */
const RELOADED = "identity-reloaded";

/** A page that is loaded when it is gone to. After an update of the server its file has another name: the tab is reloaded once, unless
 *  that would lose what is being typed. */
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

/** Whether the browser keeps it: without, the tab would be reloaded again and again. */
function note(address: string | undefined): boolean {
  try {
    if (address === undefined) sessionStorage.removeItem(RELOADED);
    else sessionStorage.setItem(RELOADED, address);
    return true;
  } catch {
    return false;
  }
}

/** Catches what goes wrong while a page is loaded or drawn; another address is another try. */
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
        <InlineNotification kind="error" lowContrast hideCloseButton role="alert" title={t("broken.page")} subtitle={t("broken.text")} />
        <Button onClick={() => location.reload()}>{t("broken.reload")}</Button>
      </section>
    );
  }
}
