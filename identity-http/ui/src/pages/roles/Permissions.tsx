import { Button } from "@carbon/react";
import { Add, TrashCan } from "@carbon/icons-react";
import { useState } from "react";

import { type Schemas, api, ask } from "../../api/client";
import { asProblem } from "../../api/problem";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { FormDialog } from "../../parts/Dialog";
import { Listing, local } from "../../parts/Listing";
import { describe } from "../../parts/ProblemNotice";
import { TextField } from "../../parts/fields";

type Permission = Schemas["PermissionView"];

/** What is known without asking: this service's own API. */
const OWN = { audience: "camunda-identity-resource-server", definitions: ["read", "read:users", "write"] };

/** What a role may do at which API. */
export function Permissions({ role }: { role: string }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [round, setRound] = useState(0);
  const [adding, setAdding] = useState(false);
  const again = () => setRound((round) => round + 1);
  const path = { params: { path: { name: role } } };
  const grant = (body: Permission) => ask(api.POST("/api/roles/{name}/permissions", { ...path, body }));
  const revoke = (permission: Permission) => {
    const { definition, resourceServerAudience } = permission;
    const at = { params: { path: { name: role, resourceServerAudience, definition } } };
    ask(api.DELETE("/api/roles/{name}/permissions/{resourceServerAudience}/{definition}", at)).then(
      () => {
        again();
        say({ title: t("members.removed", { name: definition }), undo: () => grant(permission).then(again) });
      },
      (error: unknown) => say({ kind: "error", title: t("members.not_removed"), detail: describe(asProblem(error)) }),
    );
  };
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
        load={local(
          () => ask(api.GET("/api/roles/{name}/permissions", path)),
          ({ definition, resourceServerAudience }) => [definition, resourceServerAudience],
        )}
        on={[round]}
        tools={
          mayWrite && (
            <Button size="lg" renderIcon={Add} onClick={() => setAdding(true)}>
              {t("roles.add_permission")}
            </Button>
          )
        }
        actions={
          mayWrite
            ? [{ label: ({ definition }) => t("members.remove", { name: definition }), icon: TrashCan, onClick: revoke }]
            : []
        }
        empty={{ title: t("roles.no_permissions"), text: t("roles.no_permissions_text") }}
      />
      {adding && <AddPermission grant={grant} onClose={() => setAdding(false)} onDone={again} />}
    </>
  );
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
            data-modal-primary-focus
          />
          <datalist id="known-apis">
            <option value={OWN.audience} />
          </datalist>
          <TextField
            name="definition"
            labelText={t("roles.permission")}
            value={definition}
            onValue={setDefinition}
            problem={problem}
            list="known-permissions"
          />
          <datalist id="known-permissions">
            {audience.trim() === OWN.audience && OWN.definitions.map((name) => <option key={name} value={name} />)}
          </datalist>
        </>
      )}
    </FormDialog>
  );
}
