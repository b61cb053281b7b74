/** Tabs with the selected tab in the URL. A single tab is shown without a tab bar. */

import { Tab, TabList, TabPanel, TabPanels, Tabs } from "@carbon/react";
import { type ReactNode, useEffect, useRef } from "react";
import { useSearchParams } from "wouter";

export interface TabPage {
  id: string;
  title: string;
  content: () => ReactNode;
}

export function TabPages({ label, tabs }: { label: string; tabs: TabPage[] }) {
  const [params, setParams] = useSearchParams();
  const found = tabs.findIndex((tab) => tab.id === params.get("tab"));
  const selected = Math.max(found, 0);
  const only = tabs.length === 1 ? tabs[0] : undefined;
  const bar = useRef<HTMLDivElement>(null);
  // Carbon only does this for tabs that the keyboard selects.
  useEffect(() => {
    const list = bar.current?.querySelector('[role="tablist"]');
    const tab = list?.children[selected];
    if (!list || !(tab instanceof HTMLElement)) return;
    let position = list.scrollLeft;
    const show = () => {
      // The user has scrolled.
      if (Math.abs(list.scrollLeft - position) > 1) return;
      list.scrollTo({ left: tab.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2, behavior: "instant" });
      position = list.scrollLeft;
    };
    // The first scrolling shows a button, which makes the list narrower.
    const observer = new ResizeObserver(show);
    observer.observe(list);
    return () => observer.disconnect();
  }, [selected]);
  if (only) return <>{only.content()}</>;
  return (
    <div ref={bar}>
      <Tabs
        selectedIndex={selected}
        onChange={({ selectedIndex }) => setParams(selectedIndex > 0 ? { tab: tabs[selectedIndex]?.id ?? "" } : {})}
      >
        <TabList aria-label={label} scrollIntoView={false}>
          {tabs.map((tab) => (
            <Tab key={tab.id}>{tab.title}</Tab>
          ))}
        </TabList>
        <TabPanels>
          {tabs.map((tab, index) => (
            <TabPanel key={tab.id}>{index === selected && tab.content()}</TabPanel>
          ))}
        </TabPanels>
      </Tabs>
    </div>
  );
}
