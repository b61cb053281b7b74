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
import { ReachNotice, useReach } from "./Reach";
import { useRemoval } from "./useRemoval";

type Permission = Schemas["PermissionView"];

/** This service's own API and its permissions, which are known without a request. */
const OWN = {
  audience: "camunda-identity-resource-server",
  definitions: ["read", "read:secrets", "read:users", "write"],
};

/** Whether the permission makes its holders administrators. */
const isPower = ({ resourceServerAudience, definition }: Permission) =>
  resourceServerAudience === OWN.audience && definition === "write";

interface Props {
  queryKey: QueryKey;
  load: (signal?: AbortSignal) => Promise<Permission[]>;
  grant: (permission: Permission) => Promise<unknown>;
  revoke: (permission: Permission) => Promise<unknown>;
  /** States which principals get a new permission, if that cannot be simulated. */
  reaches: string;
  /** The change to these permissions, as the simulation takes it; absent if it cannot be simulated. */
  change?: (permissions: Permission[]) => object;
  /** Whether the permissions cannot be changed. */
  isFixed?: boolean;
}

/** Permissions of a role or application on APIs. */
export function PermissionList({ queryKey, load, grant, revoke, reaches, change, isFixed }: Props) {
  const session = useSession();
  const mayWrite = session.mayWrite && !isFixed;
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
        tools={!isFixed && <Create text={t("roles.add_permission")} onClick={() => setAdding(true)} />}
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
      {adding && (
        <AddPermission {...{ queryKey, load, grant, revoke, reaches, change }} onClose={() => setAdding(false)} />
      )}
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

function AddPermission(props: Omit<Props, "isFixed"> & { onClose: () => void }) {
  const { queryKey, load, grant, revoke, reaches, change, onClose } = props;
  const say = useToast();
  const [audience, setAudience] = useState("");
  const [definition, setDefinition] = useState("");
  const permission: Permission = { resourceServerAudience: audience.trim(), definition: definition.trim() };
  const isComplete = audience.trim() !== "" && definition.trim() !== "";
  const session = useSession();
  const apis = useQuery({ queryKey: ["apis", { known: true }], queryFn: ({ signal }) => knownApis(session, signal) });
  const known = apis.data?.find((api) => api.audience === audience.trim());
  const definitions = useQuery({
    queryKey: ["apis", { definitionsOf: known?.audience }],
    queryFn: known ? ({ signal }) => definitionsOf(known.id, signal) : skipToken,
  });
  const held = useQuery({ queryKey: [...queryKey, { all: true }], queryFn: ({ signal }) => load(signal) });
  const gained = useReach(isComplete && change && held.data ? [change([...held.data, permission])] : undefined, {
    sentences: isComplete ? [reaches] : [],
    administers: isPower(permission),
  });
  const again = () => changed(queryKey);
  return (
    <FormDialog
      heading={t("roles.add_permission")}
      submit={t("add")}
      disabled={!isComplete || held.isLoading || gained.isOpen}
      shownAs={["curl", "yaml"]}
      onSubmit={async () => {
        await grant(permission);
        say({ title: t("saved", { name: definition }), undo: () => revoke(permission).then(again) });
        again();
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
            {isPower(permission) && <AdministrationNotice way={{ requests: 0, steps: [], path: "" }} />}
          </div>
          <ReachNotice {...gained} />
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
