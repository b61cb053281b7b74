/** The change that a dialog would make, as commands or as a fragment of the configuration. */

import { Button } from "@carbon/react";
import { useState } from "react";

import { base, capture } from "../api/client";
import { descriptionOf } from "../api/members";
import { type Session, useSession } from "../app/session";
import { curl } from "../lib/curl";
import { t } from "../lib/i18n";
import { Copy } from "./Copy";

/** Form in which a change can be written. */
export type WrittenForm = "curl" | "yaml";

const asCurl = async (requests: readonly Request[]) => {
  const commands = requests.map(async (request) => {
    const { method, url, headers } = request;
    return curl({ method, url, ifMatch: headers.get("If-Match"), body: await request.text() });
  });
  return (await Promise.all(commands)).join("\n\n");
};

async function asYaml(requests: readonly Request[], session: Session) {
  const { policyDocument } = await import("../lib/policyDocument");
  const changes = requests.map(async (request) => ({
    method: request.method,
    path: new URL(request.url).pathname.slice(base.length),
    body: JSON.parse((await request.text()) || "{}") as unknown,
  }));
  const document = await policyDocument(await Promise.all(changes), (holder) => descriptionOf(session, holder));
  return document ?? t("as_yaml.none");
}

interface Props {
  forms: readonly WrittenForm[];
  /** Submits the dialog; its requests are captured, not sent. */
  run: () => Promise<unknown>;
  disabled?: boolean;
}

export function WrittenChange({ forms, run, disabled }: Props) {
  const session = useSession();
  const [shown, setShown] = useState<{ form: WrittenForm; text: string }>();
  // Entities in a directory are not configured.
  const offered = forms.filter((form) => form !== "yaml" || session.has("memberships"));
  const show = async (form: WrittenForm) => {
    // A form that fails before its request shows the reason when it is submitted.
    const requests = await capture(run).catch(() => []);
    if (requests.length === 0) return;
    setShown({ form, text: await (form === "curl" ? asCurl(requests) : asYaml(requests, session)) });
  };
  return (
    <div className="written-change">
      <div>
        {offered.map((form) => (
          <Button key={form} kind="ghost" size="sm" disabled={disabled} onClick={() => void show(form)}>
            {t(`as_${form}`)}
          </Button>
        ))}
      </div>
      {shown && (
        <div className="command">
          <pre className="code" tabIndex={0} role="region" aria-label={t(`as_${shown.form}`)}>
            {shown.text}
          </pre>
          <Copy text={shown.text} />
        </div>
      )}
    </div>
  );
}
