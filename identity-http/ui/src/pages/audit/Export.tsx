/** Export of all entries that match the filters, with progress. */

import { Download } from "@carbon/icons-react";
import { Button, InlineLoading } from "@carbon/react";
import { useEffect, useRef, useState } from "react";

import { api, askStream } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { paths } from "../../api/schema";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { save } from "../../lib/save";
import { describe } from "../../parts/ProblemNotice";
import { entryCounter, FORMATS, type Format, fileName } from "./rows";

type Filters = Omit<paths["/api/audit-log/export"]["get"]["parameters"]["query"], "format">;

export function Export({ filters }: { filters: () => Filters }) {
  const say = useToast();
  const [progress, setProgress] = useState<{ count: number; total: number }>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = async (format: Format) => {
    const controller = new AbortController();
    running.current = controller;
    setProgress({ count: 0, total: 0 });
    try {
      const { signal } = controller;
      const query = { ...filters(), format };
      const request = api.GET("/api/audit-log/export", { params: { query }, parseAs: "stream", signal });
      const { body, total, type } = await askStream(request);
      const [parts, count]: [BlobPart[], ReturnType<typeof entryCounter>] = [[], entryCounter(format)];
      for (let part = await body.read(); !part.done; part = await body.read()) {
        parts.push(part.value);
        setProgress({ count: count(part.value), total });
      }
      save(fileName(format), parts, type);
      say({ title: t("export.done", { count: count(new Uint8Array()) }) });
    } catch (error) {
      if (!controller.signal.aborted)
        say({ kind: "error", title: t("export.failed"), detail: describe(asProblem(error)) });
    }
    if (running.current === controller) setProgress(undefined);
  };
  if (progress) {
    return (
      <>
        <InlineLoading description={t("export.progress", progress)} />
        <Button kind="ghost" onClick={() => running.current?.abort()}>
          {t("cancel")}
        </Button>
      </>
    );
  }
  return Object.entries(FORMATS).map(([format, name]) => (
    <Button key={format} kind="tertiary" renderIcon={Download} onClick={() => void start(format as Format)}>
      {t("export.start", { name })}
    </Button>
  ));
}
