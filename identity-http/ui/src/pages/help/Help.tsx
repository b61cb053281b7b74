/** A page of the documentation, which is in English. */

import { useQuery } from "@tanstack/react-query";
import { compiler } from "markdown-to-jsx";
import { type ComponentProps, useEffect } from "react";
import { Link } from "wouter";

import { pageOf } from "../../lib/documentation";
import { Page } from "../../parts/Page";
import { NotFound } from "../NotFound";

const PAGES = import.meta.glob<string>("../../../../../docs/*.md", { query: "?raw", import: "default" });

const scrollTo = (anchor: string) => document.getElementById(decodeURIComponent(anchor))?.scrollIntoView();

export default function Help({ id }: { id: string }) {
  const load = PAGES[`../../../../../docs/${id}.md`];
  const { data } = useQuery({
    queryKey: ["help", id],
    queryFn: () => load?.() ?? "",
    enabled: load !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    if (data) scrollTo(location.hash.slice(1));
  }, [data]);
  if (!load) return <NotFound />;
  if (data === undefined) return null;
  const [heading = "", ...rest] = data.split("\n");
  return (
    <Page title={heading.replace(/^# /, "")}>
      <article className="prose" lang="en">
        {compiler(rest.join("\n"), { overrides: { a: Reference, img: Nothing, pre: Listing } })}
      </article>
    </Page>
  );
}

/** Link to another page of the documentation, to a part of this one, or to the web. Other files are plain text. */
function Reference({ href = "", children }: ComponentProps<"a">) {
  const page = pageOf(href);
  if (page)
    return (
      <Link href={`/help/${page}`} className="cds--link">
        {children}
      </Link>
    );
  if (href.startsWith("#"))
    return (
      <button type="button" className="cds--link" onClick={() => scrollTo(href.slice(1))}>
        {children}
      </button>
    );
  return /^https?:/.test(href) ? (
    <a href={href} className="cds--link" target="_blank" rel="noopener">
      {children}
    </a>
  ) : (
    children
  );
}

const Nothing = () => null;
const Listing = ({ children }: ComponentProps<"pre">) => <pre tabIndex={0}>{children}</pre>;
