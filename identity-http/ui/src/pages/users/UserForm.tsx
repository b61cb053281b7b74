import { PasswordInput } from "@carbon/react";
import { useState } from "react";

import type { User, Users } from "../../api/people";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { FormDialog } from "../../parts/Dialog";
import { TextField } from "../../parts/fields";

interface Props {
  users: Users;
  /** Whom to change; somebody new otherwise. */
  user?: User;
  onDone: (id: string) => void;
  onClose: () => void;
}

export function UserForm({ users, user, onDone, onClose }: Props) {
  const say = useToast();
  const [username, setUsername] = useState(user?.username ?? "");
  const [name, setName] = useState(user?.name ?? "");
  const [email, setEmail] = useState(user?.email ?? "");
  const [password, setPassword] = useState("");
  const save = async () => {
    const rest = { name: name.trim(), email: email.trim(), password };
    const id = user ? user.id : await users.create({ username: username.trim(), ...rest });
    if (user) await users.update(user.id, rest);
    say({ title: t("saved", { name: username }) });
    onDone(id);
  };
  return (
    <FormDialog
      heading={user ? t("users.edit") : t("users.create")}
      submit={user ? t("save") : t("create")}
      disabled={!username.trim() || (!user && !password)}
      onSubmit={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          {!user && (
            <TextField
              name="username"
              labelText={t("username")}
              value={username}
              onValue={setUsername}
              problem={problem}
              autoCapitalize="none"
              spellCheck={false}
              data-modal-primary-focus
            />
          )}
          <TextField name="name" labelText={t("name")} value={name} onValue={setName} problem={problem} />
          <TextField name="email" labelText={t("email")} type="email" value={email} onValue={setEmail} problem={problem} />
          <PasswordInput
            id="field-password"
            labelText={t("password")}
            helperText={user ? t("users.password_stays") : undefined}
            showPasswordLabel={t("password_show")}
            hidePasswordLabel={t("password_hide")}
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            invalid={problem?.fields.has("password")}
            invalidText={problem?.about("password")}
          />
        </>
      )}
    </FormDialog>
  );
}
