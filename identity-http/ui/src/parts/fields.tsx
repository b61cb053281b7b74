/** Form fields that show the validation errors of the server. */

import { Select, SelectItem, SelectItemGroup, TextArea, TextInput } from "@carbon/react";
import type { ComponentProps, Ref } from "react";

import type { Problem } from "../api/problem";

type TextProps = Omit<ComponentProps<typeof TextInput>, "id" | "onChange" | "value" | "invalid" | "invalidText"> & {
  name: string;
  value: string;
  onValue: (value: string) => void;
  problem?: Problem;
  /** Error found in the browser; takes precedence over that of `problem`. */
  fault?: string;
};

export function TextField({ name, value, onValue, problem, fault, ...rest }: TextProps) {
  const said = fault ?? problem?.about(name);
  return (
    <TextInput
      id={`field-${name}`}
      name={name}
      value={value}
      onChange={(event) => onValue(event.target.value)}
      invalid={said !== undefined}
      invalidText={said}
      autoComplete="off"
      // In addition to Carbon's own reference to the error message, which not all screen readers support.
      {...(said === undefined ? {} : { "aria-describedby": `field-${name}-error-msg` })}
      {...rest}
    />
  );
}

type LinesProps = Pick<TextProps, "name" | "labelText" | "helperText" | "value" | "onValue" | "problem" | "fault">;

/** Text area for multiple values, one per line. */
export function LinesField({ name, onValue, problem, fault, ...rest }: LinesProps) {
  const said = fault ?? problem?.about(name);
  return (
    <TextArea
      id={`field-${name}`}
      rows={3}
      onChange={(event) => onValue(event.target.value)}
      invalid={said !== undefined}
      invalidText={said}
      spellCheck={false}
      {...rest}
    />
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  labelText: string;
  value: T;
  /** Values with their texts. */
  choices?: readonly (readonly [T, string])[];
  /** Further values, grouped under headings. */
  groups?: { title: string; choices: readonly (readonly [T, string])[] }[];
  onValue: (value: T) => void;
  helperText?: string;
  problem?: Problem;
  disabled?: boolean;
  hideLabel?: boolean;
  ref?: Ref<HTMLSelectElement>;
}

export function Choice<T extends string>({
  name,
  value,
  choices = [],
  groups = [],
  onValue,
  problem,
  ...rest
}: ChoiceProps<T>) {
  const said = problem?.about(name);
  return (
    <Select
      id={`field-${name}`}
      name={name}
      value={value}
      onChange={(event) => onValue(event.target.value as T)}
      invalid={said !== undefined}
      invalidText={said}
      {...rest}
    >
      {items(choices)}
      {groups
        .filter(({ choices }) => choices.length > 0)
        .map(({ title, choices }) => (
          <SelectItemGroup key={title} label={title}>
            {items(choices)}
          </SelectItemGroup>
        ))}
    </Select>
  );
}

const items = (choices: readonly (readonly [string, string])[]) =>
  choices.map(([value, text]) => <SelectItem key={value} value={value} text={text} />);
