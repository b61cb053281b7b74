/** A form of a few words. */

import { useState } from "react";

import { t } from "../lib/i18n";
import { FormDialog } from "./Dialog";
import { TextField } from "./fields";

interface Field {
  name: string;
  label: string;
  value?: string;
  help?: string;
  /** Whether it may stay empty. */
  optional?: boolean;
}

interface Props<F extends Field> {
  heading: string;
  submit?: string;
  fields: readonly F[];
  onSubmit: (values: Record<F["name"], string>) => Promise<unknown>;
  onClose: () => void;
}

export function WordsForm<const F extends Field>({ heading, submit = t("create"), fields, onSubmit, onClose }: Props<F>) {
  const [values, setValues] = useState(
    () => Object.fromEntries(fields.map(({ name, value = "" }) => [name, value])) as Record<F["name"], string>,
  );
  const tidy = () => Object.fromEntries(Object.entries<string>(values).map(([name, value]) => [name, value.trim()]));
  return (
    <FormDialog
      heading={heading}
      submit={submit}
      disabled={fields.some(({ name, optional }: Field) => !optional && !values[name as F["name"]].trim())}
      onSubmit={() => onSubmit(tidy() as Record<F["name"], string>)}
      onClose={onClose}
    >
      {(problem) =>
        fields.map(({ name, label, help }: Field) => (
          <TextField
            key={name}
            name={name}
            labelText={label}
            helperText={help}
            value={values[name as F["name"]]}
            onValue={(value) => setValues((before) => ({ ...before, [name]: value }))}
            problem={problem}
          />
        ))
      }
    </FormDialog>
  );
}
