import { PasswordInput } from "@carbon/react";
import { useState } from "react";

import type { User, UserFields, Users } from "../../api/people";
import { changed } from "../../api/queries";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { FormDialog } from "../../parts/Dialog";
import { TextField } from "../../parts/fields";

interface Props {
  users: Users;
  /** User to edit; absent to create one. */
  user?: User;
  /** Opens the page of a new user. */
  onCreated?: (id: string) => void;
  onClose: () => void;
}

export function UserForm({ users, user, onCreated, onClose }: Props) {
  const say = useToast();
  const [fields, setFields] = useState<UserFields>({
    username: user?.username ?? "",
    name: user?.name ?? "",
    firstName: "",
    lastName: "",
    email: user?.email ?? "",
    password: "",
  });
  const set = (name: keyof UserFields) => (value: string) => setFields((before) => ({ ...before, [name]: value }));
  const save = async () => {
    const tidy = { ...fields, username: fields.username.trim(), name: fields.name.trim(), email: fields.email.trim() };
    const id = user ? user.id : await users.create(tidy);
    if (user) await users.update(user.id, tidy);
    say({ title: t("saved", { name: tidy.username }) });
    changed(["users", id]);
    onCreated?.(id);
  };
  const needsPassword = !user && !users.inDirectory;
  const names = users.inDirectory ? (["firstName", "lastName"] as const) : (["name"] as const);
  const label = { name: t("name"), firstName: t("users.first_name"), lastName: t("users.last_name") };
  return (
    <FormDialog
      heading={user ? t("users.edit") : t("users.create")}
      submit={user ? t("save") : t("create")}
      disabled={!fields.username.trim() || (needsPassword && !fields.password)}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          {!user && (
            <TextField
              name="username"
              labelText={t("username")}
              value={fields.username}
              onValue={set("username")}
              problem={problem}
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
          {names.map((name) => (
            <TextField
              key={name}
              name={name}
              labelText={label[name]}
              helperText={user && users.inDirectory ? t("users.kept") : undefined}
              value={fields[name]}
              onValue={set(name)}
              problem={problem}
            />
          ))}
          <TextField
            name="email"
            labelText={t("email")}
            type="email"
            value={fields.email}
            onValue={set("email")}
            problem={problem}
          />
          {(!user || !users.inDirectory) && (
            <PasswordInput
              id="field-password"
              labelText={t("password")}
              helperText={user ? t("users.password_stays") : needsPassword ? undefined : t("users.no_password")}
              showPasswordLabel={t("password_show")}
              hidePasswordLabel={t("password_hide")}
              autoComplete="new-password"
              value={fields.password}
              onChange={(event) => set("password")(event.target.value)}
              invalid={problem?.fields.has("password")}
              invalidText={problem?.about("password")}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
