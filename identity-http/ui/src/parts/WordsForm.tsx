/** Form dialog of text fields. Submits trimmed values. */

import { useState } from "react";

import type { Audited, Versioned } from "../api/versions";
import { t } from "../lib/i18n";
import { useEdited } from "./Conflict";
import { FormDialog } from "./Dialog";
import { TextField } from "./fields";
import type { WrittenForm } from "./WrittenChange";

interface Field {
  name: string;
  label: string;
  value?: string;
  help?: string;
  optional?: boolean;
  /** Field from whose value `propose` derives this one, until the user edits it. */
  from?: string;
  propose?: (text: string) => string;
}

interface Props<F extends Field> {
  heading: string;
  submit?: string;
  fields: readonly F[];
  shownAs?: readonly WrittenForm[];
  /** The entity to edit; absent in a form that creates one. */
  edited?: {
    entity: Versioned<object>;
    audited: Audited;
    reload: () => Promise<Versioned<object>>;
    /** Values of the fields; by default the members of the entity with their names. */
    fieldsOf?: (entity: never) => Record<string, string>;
  };
  /** `headers` bind the change to the version of the entity. */
  onSubmit: (values: Record<F["name"], string>, headers: Record<string, string>) => Promise<unknown>;
  onClose: () => void;
}

export function WordsForm<const F extends Field>({
  heading,
  submit = t("create"),
  fields,
  shownAs,
  edited,
  onSubmit,
  onClose,
}: Props<F>) {
  const [values, setValues] = useState(
    () => Object.fromEntries(fields.map(({ name, value = "" }) => [name, value])) as Record<F["name"], string>,
  );
  const [typed, setTyped] = useState<ReadonlySet<string>>(new Set());
  const enter = (name: string, value: string) => {
    setTyped((before) => new Set([...before, name]));
    setValues((before) => {
      const after: Record<string, string> = { ...before, [name]: value };
      for (const { name: other, from, propose } of fields as readonly Field[]) {
        if (from === name && propose && !typed.has(other)) after[other] = propose(value);
      }
      return after as typeof before;
    });
  };
  const membersOf = (entity: object) => {
    const members: Record<string, unknown> = edited?.fieldsOf?.(entity as never) ?? { ...entity };
    return Object.fromEntries(fields.map(({ name }: Field) => [name, String(members[name] ?? "")]));
  };
  const { headers, conflict } = useEdited<object, Record<string, string>>({
    entity: edited?.entity,
    fieldsOf: membersOf,
    fields: fields as readonly Field[],
    audited: () => edited?.audited ?? { entityType: "", entityKey: "" },
    reload: async () => edited?.reload() ?? {},
    values,
    adopt: (after) => setValues(after as typeof values),
  });
  const tidy = () => Object.fromEntries(Object.entries<string>(values).map(([name, value]) => [name, value.trim()]));
  return (
    <FormDialog
      heading={heading}
      submit={submit}
      disabled={fields.some(({ name, optional }: Field) => !optional && !values[name as F["name"]].trim())}
      conflict={conflict}
      shownAs={shownAs}
      onSubmit={() => onSubmit(tidy() as Record<F["name"], string>, headers())}
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
            onValue={(value) => enter(name, value)}
            problem={problem}
          />
        ))
      }
    </FormDialog>
  );
}
