/** The change that a dialog would make, as a command. */

import { Button } from "@carbon/react";
import { useState } from "react";

import { capture } from "../api/client";
import { curl } from "../lib/curl";
import { t } from "../lib/i18n";
import { Copy } from "./Copy";

/** `run` submits the dialog; its request is captured, not sent. */
export function AsCurl({ run, disabled }: { run: () => Promise<unknown>; disabled?: boolean }) {
  const [command, setCommand] = useState<string>();
  const show = async () => {
    // A form that fails before its request shows the reason when it is submitted.
    const request = await capture(run).catch(() => undefined);
    if (!request) return;
    const { method, url, headers } = request;
    setCommand(curl({ method, url, ifMatch: headers.get("If-Match"), body: await request.text() }));
  };
  return (
    <div className="as-curl">
      <Button kind="ghost" size="sm" disabled={disabled} onClick={() => void show()}>
        {t("as_curl")}
      </Button>
      {command && (
        <div className="command">
          <pre className="code" tabIndex={0} role="region" aria-label={t("as_curl")}>
            {command}
          </pre>
          <Copy text={command} />
        </div>
      )}
    </div>
  );
}
