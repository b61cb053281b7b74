/** Fields of forms, with what the server says about them. */

import { Select, SelectItem, TextInput } from "@carbon/react";
import type { ComponentProps } from "react";

import type { Problem } from "../api/problem";

type TextProps = Omit<ComponentProps<typeof TextInput>, "id" | "onChange" | "value" | "invalid" | "invalidText"> & {
  name: string;
  value: string;
  onValue: (value: string) => void;
  problem?: Problem;
};

export function TextField({ name, value, onValue, problem, ...rest }: TextProps) {
  const said = problem?.about(name);
  return (
    <TextInput
      id={`field-${name}`}
      name={name}
      value={value}
      onChange={(event) => onValue(event.target.value)}
      invalid={said !== undefined}
      invalidText={said}
      autoComplete="off"
      // Besides the error message of its own, which not all readers know.
      {...(said === undefined ? {} : { "aria-describedby": `field-${name}-error-msg` })}
      {...rest}
    />
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  labelText: string;
  value: T;
  choices: readonly (readonly [T, string])[];
  onValue: (value: T) => void;
  helperText?: string;
  problem?: Problem;
  disabled?: boolean;
  hideLabel?: boolean;
}

export function Choice<T extends string>({ name, value, choices, onValue, problem, ...rest }: ChoiceProps<T>) {
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
      {choices.map(([value, text]) => (
        <SelectItem key={value} value={value} text={text} />
      ))}
    </Select>
  );
}
