import { TrashCan } from "@carbon/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ask, type Schemas } from "../../api/client";
import { changed, deleted } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { Create } from "../../parts/Create";
import { Detail } from "../../parts/Detail";
import { ConfirmDialog } from "../../parts/Dialog";
import { Listing, local } from "../../parts/Listing";
import { WordsForm } from "../../parts/WordsForm";

type Permission = Schemas["ApiPermissionView"];

export default function ApiDetail({ id }: { id: string }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [dialog, setDialog] = useState<"add" | Permission>();
  const path = { params: { path: { id } } };
  const loaded = useQuery({
    queryKey: ["apis", id],
    queryFn: ({ signal }) => ask(api.GET("/api/resource-servers/{id}", { ...path, signal })),
  });
  const close = () => setDialog(undefined);
  return (
    <Detail
      loaded={loaded}
      one={t("apis.one")}
      above={{ title: t("apis.title"), href: "/apis" }}
      title={({ name }) => name}
      lead={({ audience }) => <span className="code">{audience}</span>}
      edit={{
        text: t("rename"),
        form: ({ name }, onClose) => (
          <WordsForm
            heading={t("apis.rename")}
            submit={t("save")}
            fields={[{ name: "name", label: t("name"), value: name }]}
            onSubmit={async (body) => {
              await ask(api.PUT("/api/resource-servers/{id}", { ...path, body }));
              changed(["apis", id]);
            }}
            onClose={onClose}
          />
        ),
      }}
      remove={({ name }, onDeleted, onClose) => (
        <ConfirmDialog
          heading={t("apis.delete", { name })}
          submit={t("delete")}
          consequences={async () => [t("lose.api", { name }), t("lose.no_undo")]}
          onConfirm={async () => {
            await ask(api.DELETE("/api/resource-servers/{id}", path));
            say({ title: t("deleted", { name }) });
            deleted("apis", id);
            onDeleted();
          }}
          onClose={onClose}
        />
      )}
    >
      {() => (
        <>
          <Listing<Permission>
            label={t("roles.permissions")}
            search={t("members.search")}
            columns={[
              { key: "definition", header: t("roles.permission"), cell: ({ definition }) => definition },
              {
                key: "description",
                header: t("description"),
                cell: ({ description }) => description ?? "",
                minor: true,
              },
            ]}
            rowKey={({ definition }) => definition}
            queryKey={["apis", id, "permissions"]}
            load={local(
              (signal) => ask(api.GET("/api/resource-servers/{id}/permissions", { ...path, signal })),
              ({ definition, description }) => [definition, description ?? ""],
            )}
            tools={<Create text={t("roles.add_permission")} onClick={() => setDialog("add")} />}
            actions={
              mayWrite
                ? [
                    {
                      label: ({ definition }) => t("members.remove", { name: definition }),
                      icon: TrashCan,
                      onClick: setDialog,
                    },
                  ]
                : []
            }
            empty={{ title: t("roles.no_permissions"), text: t("apis.no_permissions") }}
          />
          {dialog === "add" && (
            <WordsForm
              heading={t("roles.add_permission")}
              submit={t("add")}
              fields={[
                { name: "definition", label: t("roles.permission") },
                { name: "description", label: t("description"), optional: true },
              ]}
              onSubmit={async (body) => {
                await ask(api.POST("/api/resource-servers/{id}/permissions", { ...path, body }));
                changed(["apis", id]);
              }}
              onClose={close}
            />
          )}
          {typeof dialog === "object" && (
            <ConfirmDialog
              heading={t("apis.remove_permission", { name: dialog.definition })}
              submit={t("delete")}
              consequences={async () => [t("lose.api_permission", { name: dialog.definition })]}
              onConfirm={async () => {
                const at = { params: { path: { id, definition: dialog.definition } } };
                await ask(api.DELETE("/api/resource-servers/{id}/permissions/{definition}", at));
                changed(["apis", id]);
              }}
              onClose={close}
            />
          )}
        </>
      )}
    </Detail>
  );
}
