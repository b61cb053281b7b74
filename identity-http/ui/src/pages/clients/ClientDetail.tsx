import { Renew, View } from "@carbon/icons-react";
import { Button, TextInput } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ask } from "../../api/client";
import { asProblem } from "../../api/problem";
import { deleted } from "../../api/queries";
import { askVersioned } from "../../api/versions";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t, word } from "../../lib/i18n";
import { Id } from "../../parts/Copy";
import { Detail } from "../../parts/Detail";
import { ConfirmDialog } from "../../parts/Dialog";
import { PermissionList } from "../../parts/PermissionList";
import { describe } from "../../parts/ProblemNotice";
import { ResourceGrants } from "../../parts/ResourceGrants";
import { TabPages } from "../../parts/TabPages";
import { AccessOf } from "../who/Lines";
import { ClientForm } from "./ClientForm";

export default function ClientDetail({ id }: { id: string }) {
  const session = useSession();
  const { mayReadSecrets } = session;
  const say = useToast();
  const path = { params: { path: { id } } };
  const read = (signal?: AbortSignal) => askVersioned(api.GET("/api/clients/{id}", { ...path, signal }));
  const loaded = useQuery({
    queryKey: ["clients", id],
    queryFn: ({ signal }) => read(signal),
  });
  return (
    <Detail
      loaded={loaded}
      one={t("clients.one")}
      above={{ title: t("clients.title"), href: "/applications" }}
      title={({ name }) => name}
      lead={({ clientId }) => <Id text={clientId} />}
      edit={{ form: (client, onClose) => <ClientForm client={client} onClose={onClose} /> }}
      remove={({ name }, onDeleted, onClose) => (
        <ConfirmDialog
          heading={t("clients.delete", { name })}
          submit={t("delete")}
          consequences={async () => [t("lose.client", { name }), t("lose.no_undo")]}
          entity={read}
          onConfirm={async (headers) => {
            await ask(api.DELETE("/api/clients/{id}", { ...path, headers }));
            say({ title: t("deleted", { name }) });
            deleted("clients", id);
            onDeleted();
          }}
          onClose={onClose}
        />
      )}
    >
      {(client) => (
        <>
          <dl className="facts">
            <dt>{t("clients.type")}</dt>
            <dd>{word("clientType", client.type)}</dd>
            <dt>{t("clients.redirect_uris")}</dt>
            <dd className="code">{client.redirectUris.join(", ") || "–"}</dd>
          </dl>
          <TabPages
            label={client.name}
            tabs={[
              {
                id: "permissions",
                title: t("roles.permissions"),
                content: () => (
                  <PermissionList
                    key={id}
                    queryKey={["clients", id, "permissions"]}
                    load={(signal) => ask(api.GET("/api/clients/{id}/permissions", { ...path, signal }))}
                    grant={(body) => ask(api.POST("/api/clients/{id}/permissions", { ...path, body }))}
                    revoke={({ definition, resourceServerAudience }) =>
                      ask(
                        api.DELETE("/api/clients/{id}/permissions/{resourceServerAudience}/{definition}", {
                          params: { path: { id, resourceServerAudience, definition } },
                        }),
                      )
                    }
                    reaches={t("reach.named", { who: client.name })}
                  />
                ),
              },
              ...(mayReadSecrets && client.type !== "PUBLIC"
                ? [{ id: "secret", title: t("clients.secret"), content: () => <SecretPanel id={id} /> }]
                : []),
              {
                id: "authorizations",
                title: t("authorizations.title"),
                content: () => <ResourceGrants ownerType="CLIENT" ownerId={client.clientId} />,
              },
              ...(session.has("decisions")
                ? [
                    {
                      id: "access",
                      title: t("access.title"),
                      content: () => <AccessOf type="client" id={client.clientId} />,
                    },
                  ]
                : []),
            ]}
          />
        </>
      )}
    </Detail>
  );
}

/** Shows the secret. It is loaded on request only, because the audit log records every read. */
function SecretPanel({ id }: { id: string }) {
  const { mayWrite } = useSession();
  const say = useToast();
  const [secret, setSecret] = useState<string>();
  const [renewing, setRenewing] = useState(false);
  const path = { params: { path: { id } } };
  const show = () =>
    ask(api.GET("/api/clients/{id}/secret", path)).then(
      ({ secret }) => setSecret(secret ?? ""),
      (error: unknown) => say({ kind: "error", title: t("problem.title"), detail: describe(asProblem(error)) }),
    );
  return (
    <div className="form">
      {secret === undefined ? (
        <p>{t("clients.secret_hidden")}</p>
      ) : (
        <TextInput id="client-secret" labelText={t("clients.secret")} value={secret} readOnly />
      )}
      <div className="actions">
        <Button kind="tertiary" renderIcon={View} onClick={() => void show()}>
          {t("clients.show_secret")}
        </Button>
        {mayWrite && (
          <Button kind="danger--tertiary" renderIcon={Renew} onClick={() => setRenewing(true)}>
            {t("clients.renew_secret")}
          </Button>
        )}
      </div>
      {renewing && (
        <ConfirmDialog
          heading={t("clients.renew_secret")}
          submit={t("clients.renew_secret")}
          consequences={async () => [t("lose.secret")]}
          onConfirm={async () => setSecret((await ask(api.POST("/api/clients/{id}/secret", path))).secret ?? "")}
          onClose={() => setRenewing(false)}
        />
      )}
    </div>
  );
}
