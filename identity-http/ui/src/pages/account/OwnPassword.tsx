import { Button, PasswordInput } from "@carbon/react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, ask } from "../../api/client";
import { problemOf } from "../../api/problem";
import { changed } from "../../api/queries";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ProblemNotice } from "../../parts/ProblemNotice";

const FIELDS = [
  ["current", "account.current_password", "current-password"],
  ["new", "account.new_password", "new-password"],
] as const;

/** Form that changes the own password. */
export function OwnPassword() {
  const say = useToast();
  const empty = { current: "", new: "" };
  const [fields, setFields] = useState(empty);
  const mutation = useMutation({
    mutationFn: () => ask(api.PUT("/api/me/password", { body: fields })),
    onSuccess: () => {
      setFields(empty);
      say({ title: t("account.password_changed") });
      changed(["sessions"]);
    },
  });
  const problem = problemOf(mutation);
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!mutation.isPending) mutation.mutate();
      }}
    >
      <p>{t("account.password_text")}</p>
      {problem && problem.fields.size === 0 && <ProblemNotice problem={problem} />}
      {FIELDS.map(([name, label, autoComplete]) => (
        <PasswordInput
          key={name}
          id={`field-${name}`}
          labelText={t(label)}
          helperText={name === "new" ? t("account.password_rules") : undefined}
          showPasswordLabel={t("password_show")}
          hidePasswordLabel={t("password_hide")}
          autoComplete={autoComplete}
          value={fields[name]}
          onChange={(event) => setFields((before) => ({ ...before, [name]: event.target.value }))}
          invalid={problem?.fields.has(name)}
          invalidText={problem?.about(name)}
          // In addition to Carbon's own reference to the error message, which not all screen readers support.
          aria-describedby={problem?.fields.has(name) ? `field-${name}-error-msg` : undefined}
        />
      ))}
      <Button type="submit" disabled={mutation.isPending || !fields.current || !fields.new}>
        {t("account.change_password")}
      </Button>
    </form>
  );
}
