import { TrashCan } from "@carbon/icons-react";
import { type QueryKey, skipToken, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ask, type Schemas } from "../api/client";
import { changed } from "../api/queries";
import { type Session, useSession } from "../app/session";
import { useToast } from "../app/toasts";
import { t } from "../lib/i18n";
import { AdministrationNotice } from "./AdministrationNotice";
import { Create } from "./Create";
import { FormDialog } from "./Dialog";
import { TextField } from "./fields";
import { Listing, local } from "./Listing";
import { useRemoval } from "./useRemoval";

type Permission = Schemas["PermissionView"];

/** This service's own API and its permissions, which are known without a request. */
const OWN = {
  audience: "camunda-identity-resource-server",
  definitions: ["read", "read:secrets", "read:users", "write"],
};

interface Props {
  queryKey: QueryKey;
  load: (signal?: AbortSignal) => Promise<Permission[]>;
  grant: (permission: Permission) => Promise<unknown>;
  revoke: (permission: Permission) => Promise<unknown>;
}

/** Permissions of a role or application on APIs. */
export function PermissionList({ queryKey, load, grant, revoke }: Props) {
  const { mayWrite } = useSession();
  const [adding, setAdding] = useState(false);
  const drop = useRemoval(queryKey);
  return (
    <>
      <Listing<Permission>
        label={t("roles.permissions")}
        search={t("members.search")}
        columns={[
          { key: "definition", header: t("roles.permission"), cell: ({ definition }) => definition },
          {
            key: "audience",
            header: t("roles.api"),
            cell: ({ resourceServerAudience }) => <span className="code">{resourceServerAudience}</span>,
          },
        ]}
        rowKey={({ definition, resourceServerAudience }) => `${resourceServerAudience} ${definition}`}
        queryKey={queryKey}
        load={local(load, ({ definition, resourceServerAudience }) => [definition, resourceServerAudience])}
        tools={<Create text={t("roles.add_permission")} onClick={() => setAdding(true)} />}
        actions={
          mayWrite
            ? [
                {
                  label: ({ definition }) => t("members.remove", { name: definition }),
                  icon: TrashCan,
                  onClick: (permission) =>
                    drop(
                      permission.definition,
                      () => revoke(permission),
                      () => grant(permission),
                    ),
                },
              ]
            : []
        }
        empty={{ title: t("roles.no_permissions"), text: t("roles.no_permissions_text") }}
      />
      {adding && <AddPermission grant={grant} onClose={() => setAdding(false)} onDone={() => changed(queryKey)} />}
    </>
  );
}

/** APIs to suggest: all, if a directory stores them; otherwise this service's own. */
async function knownApis(session: Session, signal: AbortSignal): Promise<{ audience: string; id?: string }[]> {
  return session.has("resource-servers") ? ask(api.GET("/api/resource-servers", { signal })) : [OWN];
}

/** Permissions of an API; without an ID, of this service's own. */
async function definitionsOf(id: string | undefined, signal: AbortSignal): Promise<string[]> {
  if (id === undefined) return OWN.definitions;
  const path = { params: { path: { id } }, signal };
  return (await ask(api.GET("/api/resource-servers/{id}/permissions", path))).map(({ definition }) => definition);
}

interface AddProps {
  grant: (permission: Permission) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
}

function AddPermission({ grant, onClose, onDone }: AddProps) {
  const say = useToast();
  const [audience, setAudience] = useState("");
  const [definition, setDefinition] = useState("");
  const session = useSession();
  const apis = useQuery({ queryKey: ["apis", { known: true }], queryFn: ({ signal }) => knownApis(session, signal) });
  const known = apis.data?.find((api) => api.audience === audience.trim());
  const definitions = useQuery({
    queryKey: ["apis", { definitionsOf: known?.audience }],
    queryFn: known ? ({ signal }) => definitionsOf(known.id, signal) : skipToken,
  });
  return (
    <FormDialog
      heading={t("roles.add_permission")}
      submit={t("add")}
      disabled={!audience.trim() || !definition.trim()}
      onSubmit={async () => {
        await grant({ resourceServerAudience: audience.trim(), definition: definition.trim() });
        say({ title: t("saved", { name: definition }) });
        onDone();
      }}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <TextField
            name="resourceServerAudience"
            labelText={t("roles.api")}
            helperText={t("roles.api_help")}
            value={audience}
            onValue={setAudience}
            problem={problem}
            list="known-apis"
          />
          <datalist id="known-apis">
            {apis.data?.map(({ audience }) => (
              <option key={audience} value={audience} />
            ))}
          </datalist>
          <TextField
            name="definition"
            labelText={t("roles.permission")}
            value={definition}
            onValue={setDefinition}
            problem={problem}
            list="known-permissions"
          />
          <div aria-live="polite">
            {audience.trim() === OWN.audience && definition.trim() === "write" && (
              <AdministrationNotice way={{ requests: 0, steps: [], path: "" }} />
            )}
          </div>
          <datalist id="known-permissions">
            {definitions.data?.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </FormDialog>
  );
}
