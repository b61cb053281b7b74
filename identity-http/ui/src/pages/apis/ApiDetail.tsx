import { Button } from "@carbon/react";
import { Add, Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { type Schemas, api, ask } from "../../api/client";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { useLoad } from "../../lib/useLoad";
import { ConfirmDialog, FormDialog } from "../../parts/Dialog";
import { Listing, local } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { ProblemNotice } from "../../parts/ProblemNotice";
import { TextField } from "../../parts/fields";

type Permission = Schemas["ApiPermissionView"];
const above = () => [{ title: t("apis.title"), href: "/apis" }];

export default function ApiDetail({ id }: { id: string }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [, go] = useLocation();
  const [dialog, setDialog] = useState<"rename" | "delete" | "add" | Permission>();
  const [round, setRound] = useState(0);
  const again = () => setRound((round) => round + 1);
  const path = { params: { path: { id } } };
  const { data: found, problem, reload } = useLoad(() => ask(api.GET("/api/resource-servers/{id}", path)), [id]);
  const close = () => setDialog(undefined);
  if (problem && !found)
    return (
      <Page title={t("apis.one")} above={above()}>
        <ProblemNotice problem={problem} onRetry={reload} />
      </Page>
    );
  if (!found) return null;
  return (
    <Page
      title={found.name}
      above={above()}
      lead={<span className="code">{found.audience}</span>}
      actions={
        mayWrite && (
          <>
            <Button kind="tertiary" renderIcon={Edit} onClick={() => setDialog("rename")}>
              {t("rename")}
            </Button>
            <Button kind="danger--tertiary" renderIcon={TrashCan} onClick={() => setDialog("delete")}>
              {t("delete")}
            </Button>
          </>
        )
      }
    >
      <Listing<Permission>
        label={t("roles.permissions")}
        search={t("members.search")}
        columns={[
          { key: "definition", header: t("roles.permission"), cell: ({ definition }) => definition },
          { key: "description", header: t("description"), cell: ({ description }) => description ?? "", minor: true },
        ]}
        rowKey={({ definition }) => definition}
        load={local(
          () => ask(api.GET("/api/resource-servers/{id}/permissions", path)),
          ({ definition, description }) => [definition, description ?? ""],
        )}
        on={[round]}
        tools={
          mayWrite && (
            <Button size="lg" renderIcon={Add} onClick={() => setDialog("add")}>
              {t("roles.add_permission")}
            </Button>
          )
        }
        actions={
          mayWrite
            ? [{ label: ({ definition }) => t("members.remove", { name: definition }), icon: TrashCan, onClick: setDialog }]
            : []
        }
        empty={{ title: t("roles.no_permissions"), text: t("apis.no_permissions") }}
      />
      {dialog === "rename" && (
        <Words
          heading={t("apis.rename")}
          submit={t("save")}
          fields={[["name", t("name"), found.name]]}
          onSubmit={async ({ name = "" }) => {
            await ask(api.PUT("/api/resource-servers/{id}", { ...path, body: { name } }));
            reload();
          }}
          onClose={close}
        />
      )}
      {dialog === "add" && (
        <Words
          heading={t("roles.add_permission")}
          submit={t("add")}
          fields={[
            ["definition", t("roles.permission"), ""],
            ["description", t("description"), ""],
          ]}
          onSubmit={async ({ definition = "", description = "" }) => {
            const body = { definition, description };
            await ask(api.POST("/api/resource-servers/{id}/permissions", { ...path, body }));
            again();
          }}
          onClose={close}
        />
      )}
      {dialog === "delete" && (
        <ConfirmDialog
          heading={t("apis.delete", { name: found.name })}
          submit={t("delete")}
          consequences={async () => [t("lose.api", { name: found.name }), t("lose.no_undo")]}
          onConfirm={async () => {
            await ask(api.DELETE("/api/resource-servers/{id}", path));
            say({ title: t("deleted", { name: found.name }) });
            go("/apis");
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
            again();
          }}
          onClose={close}
        />
      )}
    </Page>
  );
}

interface WordsProps {
  heading: string;
  submit: string;
  /** Names, labels, first values; the first must be filled in. */
  fields: [string, string, string][];
  onSubmit: (values: Record<string, string>) => Promise<unknown>;
  onClose: () => void;
}

/** A form of a few words. */
function Words({ heading, submit, fields, onSubmit, onClose }: WordsProps) {
  const [values, setValues] = useState<Record<string, string>>(
    Object.fromEntries(fields.map(([name, , value]) => [name, value])),
  );
  const [first] = fields;
  return (
    <FormDialog
      heading={heading}
      submit={submit}
      disabled={!values[first?.[0] ?? ""]?.trim()}
      onSubmit={() => onSubmit(values)}
      onClose={onClose}
    >
      {(problem) =>
        fields.map(([name, label]) => (
          <TextField
            key={name}
            name={name}
            labelText={label}
            value={values[name] ?? ""}
            onValue={(value) => setValues((before) => ({ ...before, [name]: value }))}
            problem={problem}
          />
        ))
      }
    </FormDialog>
  );
}
