import { Button } from "@carbon/react";
import { useState } from "react";
import { Link, useLocation } from "wouter";

import { t } from "../../lib/i18n";
import { TextField } from "../../parts/fields";

/** Opens the explanation of a refusal by its reason ID. */
export function WhyRefused() {
  const [, go] = useLocation();
  const [id, setId] = useState("");
  return (
    <section aria-label={t("home.why_refused")} className="tile">
      <h2 className="group-title">{t("home.why_refused")}</h2>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (id.trim()) go(`/why?${new URLSearchParams({ tab: "denial", refusal: id.trim() })}`);
        }}
      >
        <TextField
          name="reason"
          labelText={t("why.reason_id")}
          helperText={t("why.reason_id_help")}
          value={id}
          onValue={setId}
        />
        <Button type="submit" size="md" kind="tertiary" disabled={!id.trim()}>
          {t("why.open")}
        </Button>
      </form>
      <p className="hint">
        <Link href="/why" className="cds--link">
          {t("home.without_id")}
        </Link>
      </p>
    </section>
  );
}
