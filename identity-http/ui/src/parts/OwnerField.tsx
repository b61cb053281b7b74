/** Field for the owner of an authorization: selected by search, or entered by ID if the server cannot list such owners. */

import { ComboBox } from "@carbon/react";
import { useEffect, useState } from "react";

import * as choices from "../api/choices";
import type { OwnerType } from "../api/grants";
import { useName } from "../api/names";
import type { Problem } from "../api/problem";
import { type Session, useSession } from "../app/session";
import { t } from "../lib/i18n";
import { TextField } from "./fields";

interface Props {
  name: string;
  labelText: string;
  type: OwnerType;
  value: string;
  onValue: (id: string) => void;
  disabled?: boolean;
  problem?: Problem;
}

/** Returns the search for owners of a type. Groups that only tokens claim cannot be listed. */
function findOf(session: Session, type: OwnerType): choices.Find | undefined {
  const inDirectory = !session.has("memberships");
  switch (type) {
    case "USER":
      return choices.users(session);
    case "GROUP":
      return session.has("groups") && (inDirectory || session.has("cluster-groups")) ? choices.groups : undefined;
    case "ROLE":
      return session.has("roles") ? choices.roles : undefined;
    case "MAPPING_RULE":
      return session.has("mapping-rules") ? choices.mappingRules() : undefined;
    case "CLIENT":
      return choices.applications(session);
  }
}

export function OwnerField({ name, labelText, type, value, onValue, disabled, problem }: Props) {
  const session = useSession();
  const find = findOf(session, type);
  const [text, setText] = useState("");
  const [sought, setSought] = useState("");
  useEffect(() => {
    const pause = setTimeout(() => setSought(text), 250);
    return () => clearTimeout(pause);
  }, [text]);
  const { data = [] } = choices.useChoices(disabled ? undefined : find, sought);
  const known = useName(type, value);
  if (!find || disabled)
    return (
      <TextField
        name={name}
        labelText={labelText}
        value={disabled && known ? `${known} (${value})` : value}
        disabled={disabled}
        onValue={onValue}
        problem={problem}
      />
    );
  const said = problem?.about(name);
  const selected = value ? (data.find(({ id }) => id === value) ?? { id: value, title: known ?? value }) : null;
  return (
    <ComboBox<choices.Choice>
      key={type}
      id={`field-${name}`}
      titleText={labelText}
      items={selected && !data.includes(selected) ? [selected, ...data] : data}
      itemToString={(choice) => (choice ? label(choice) : "")}
      selectedItem={selected}
      // The options of the previous search are shown until those of the current one are loaded.
      shouldFilterItem={({ item, inputValue }) =>
        !inputValue || (selected && inputValue === label(selected)) || contains(item, inputValue)
      }
      onInputChange={(text) => setText(selected && text === label(selected) ? "" : text)}
      onChange={({ selectedItem }) => onValue(selectedItem?.id ?? "")}
      invalid={said !== undefined}
      invalidText={said}
      placeholder={t("grants.no_owner")}
      translateWithId={(id) => t(`combobox.${id}` as "combobox.open.menu")}
      autoAlign
    />
  );
}

const contains = ({ id, title, detail = "" }: choices.Choice, text: string) =>
  [id, title, detail].some((one) => one.toLowerCase().includes(text.toLowerCase()));

const label = ({ id, title }: choices.Choice) => (title === id ? id : `${title} (${id})`);
