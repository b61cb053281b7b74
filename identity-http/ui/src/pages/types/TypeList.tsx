import { TrashCan } from "@carbon/icons-react";
import { Tag } from "@carbon/react";
import { useState } from "react";
import { useLocation } from "wouter";

import { api, askPage } from "../../api/client";
import { inManagement } from "../../api/lists";
import { isOwn, type ResourceType } from "../../api/types";
import { useSession } from "../../app/session";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { Breakable } from "../../parts/Breakable";
import { Chips } from "../../parts/Chips";
import { Create } from "../../parts/Create";
import { Listing, type ListQuery } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { DeleteType } from "./DeleteType";
import { TypeForm } from "./TypeForm";

/** Maximum number of permissions or properties shown per row. */
const MOST = 4;

export default function TypeList() {
  const session = useSession();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<ResourceType>();
  const load = (query: ListQuery) => {
    const { params, signal } = inManagement(query);
    return askPage(
      api.GET("/api/resource-types", {
        params: { query: { ...params.query, cluster: session.has("cluster") } },
        signal,
      }),
    );
  };
  return (
    <Page title={t("types.title")} lead={t("types.lead")}>
      <Listing<ResourceType>
        label={t("types.title")}
        search={t("types.search")}
        queryKey={["resource-types"]}
        load={load}
        rowKey={({ type }) => type}
        href={({ type }) => addressOf("/resource-types", type)}
        columns={[
          {
            key: "type",
            header: t("name"),
            cell: ({ type }) => (
              <span className="word">
                <Breakable text={type} />
              </span>
            ),
          },
          { key: "whose", header: t("types.whose"), cell: (type) => <Whose {...type} /> },
          {
            key: "permissions",
            header: t("grants.permissions"),
            cell: ({ supportedPermissions }) => <Chips texts={supportedPermissions} most={MOST} />,
            minor: true,
          },
          {
            key: "properties",
            header: t("types.properties"),
            cell: ({ properties }) => <Chips texts={properties ?? []} most={MOST} />,
            minor: true,
          },
        ]}
        tools={<Create text={t("types.create")} onClick={() => setCreating(true)} />}
        actions={
          session.mayWrite
            ? [
                {
                  label: ({ type }) => t("delete_named", { name: type }),
                  icon: TrashCan,
                  onClick: setDeleting,
                  unless: (type) => !isOwn(type),
                },
              ]
            : []
        }
        empty={{ title: t("types.none"), text: t("types.none_text") }}
      />
      {creating && (
        <TypeForm onCreated={(name) => go(addressOf("/resource-types", name))} onClose={() => setCreating(false)} />
      )}
      {deleting && <DeleteType type={deleting.type} onClose={() => setDeleting(undefined)} />}
    </Page>
  );
}

/** Tag for custom or built-in types. Only custom types can be changed. */
export const Whose = (type: ResourceType) => (
  <Tag size="sm" type={isOwn(type) ? "blue" : "gray"}>
    {t(isOwn(type) ? "types.own" : "types.built_in")}
  </Tag>
);
