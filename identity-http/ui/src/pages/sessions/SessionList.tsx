import { Logout } from "@carbon/icons-react";
import { Button, Tag } from "@carbon/react";
import { useState } from "react";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t, time } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";
import { type Column, Listing } from "../../parts/Listing";
import { Name } from "../../parts/Name";

type Item = Schemas["Session"];

/** Sessions and their browsers: the caller's own, those of one user, or all. */
export function SessionList({ own, username }: { own?: boolean; username?: string }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [ending, setEnding] = useState<Item | "others" | "all">();
  const columns: Column<Item>[] = [
    {
      key: "browser",
      header: t("sessions.browser"),
      cell: ({ userAgent, current }) => (
        <>
          {browser(userAgent)}{" "}
          {current && (
            <Tag size="sm" type="green">
              {t("sessions.this")}
            </Tag>
          )}
        </>
      ),
    },
    ...(own || username
      ? []
      : [{ key: "username", header: t("username"), cell: ({ username }: Item) => <Name type="USER" id={username} /> }]),
    { key: "issuer", header: t("sessions.issuer"), cell: ({ issuer }) => issuer ?? "–", minor: true },
    { key: "since", header: t("sessions.since"), cell: ({ createdAt }) => time(createdAt), minor: true },
    { key: "active", header: t("sessions.active"), cell: ({ lastActiveAt }) => time(lastActiveAt) },
    { key: "until", header: t("sessions.until"), cell: ({ expiresAt }) => time(expiresAt), minor: true },
  ];
  const end = async () => {
    if (ending === "others") await ask(api.DELETE("/api/me/sessions"));
    else if (ending === "all")
      await ask(api.DELETE("/api/sessions", { params: { query: { username: username ?? "" } } }));
    else if (ending && own) await ask(api.DELETE("/api/me/sessions/{key}", { params: { path: { key: ending.key } } }));
    else if (ending) await ask(api.DELETE("/api/sessions/{key}", { params: { path: { key: ending.key } } }));
    say({ title: t("sessions.ended") });
    changed(["sessions"]);
  };
  const whole = own ? "others" : username && mayWrite ? "all" : undefined;
  return (
    <>
      <Listing
        label={t("sessions.title")}
        search={own || username ? undefined : t("sessions.search")}
        columns={columns}
        queryKey={["sessions", { own, username }]}
        load={({ search, page, size, signal }) =>
          own
            ? askPage(api.GET("/api/me/sessions", { params: { query: { page, resultSize: size } }, signal }))
            : askPage(
                api.GET("/api/sessions", {
                  params: { query: { username, search: search || undefined, page, resultSize: size } },
                  signal,
                }),
              )
        }
        rowKey={({ key }) => key}
        tools={
          whole && (
            <Button size="lg" kind="tertiary" renderIcon={Logout} onClick={() => setEnding(whole)}>
              {t(`sessions.end_${whole}`)}
            </Button>
          )
        }
        actions={
          own || mayWrite
            ? [
                {
                  label: ({ userAgent, username }) =>
                    t("sessions.end_of", { browser: browser(userAgent), name: username }),
                  icon: Logout,
                  onClick: setEnding,
                  unless: ({ current }) => current,
                },
              ]
            : []
        }
        bulk={
          !own && mayWrite
            ? {
                nameOf: ({ username, userAgent }) => `${username} (${browser(userAgent)})`,
                actions: [
                  {
                    label: t("sessions.end"),
                    danger: true,
                    unless: ({ current }) => current,
                    run: ({ key }) => ask(api.DELETE("/api/sessions/{key}", { params: { path: { key } } })),
                    changes: ["sessions"],
                  },
                ],
              }
            : undefined
        }
        empty={{ title: t("sessions.none"), text: t("sessions.none_text") }}
      />
      {ending && (
        <ConfirmDialog
          heading={t("sessions.end")}
          submit={t("sessions.end")}
          onConfirm={end}
          onClose={() => setEnding(undefined)}
        >
          <p>
            {typeof ending === "string"
              ? t(`sessions.end_${ending}_means`)
              : t("sessions.end_means", { name: ending.username, browser: browser(ending.userAgent) })}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

/** Returns the names of the browser and operating system in a user agent. */
function browser(userAgent: string | null): string {
  const names: [RegExp, string][] = [
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\//, "Firefox"],
    [/Chrom(e|ium)\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  const systems: [RegExp, string][] = [
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Windows/, "Windows"],
    [/Mac OS/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const find = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(userAgent ?? ""))?.[1];
  const name = find(names);
  const system = find(systems);
  return [name ?? userAgent?.slice(0, 60) ?? t("sessions.unknown"), name && system].filter(Boolean).join(", ");
}
