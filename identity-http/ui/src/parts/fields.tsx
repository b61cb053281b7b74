/** Fields of forms, with what the server says about them. */

import { Select, SelectItem, SelectItemGroup, TextArea, TextInput } from "@carbon/react";
import type { ComponentProps, Ref } from "react";

import type { Problem } from "../api/problem";

type TextProps = Omit<ComponentProps<typeof TextInput>, "id" | "onChange" | "value" | "invalid" | "invalidText"> & {
  name: string;
  value: string;
  onValue: (value: string) => void;
  problem?: Problem;
  /** What is wrong with it, before the server has been asked. */
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
      // Besides the error message of its own, which not all readers know.
      {...(said === undefined ? {} : { "aria-describedby": `field-${name}-error-msg` })}
      {...rest}
    />
  );
}

type LinesProps = Pick<TextProps, "name" | "labelText" | "helperText" | "value" | "onValue" | "problem" | "fault">;

/** Several texts, one on each line. */
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
  /** Each with its text. */
  choices?: readonly (readonly [T, string])[];
  /** More of them, under headings. */
  groups?: { title: string; choices: readonly (readonly [T, string])[] }[];
  onValue: (value: T) => void;
  helperText?: string;
  problem?: Problem;
  disabled?: boolean;
  hideLabel?: boolean;
  ref?: Ref<HTMLSelectElement>;
}

export function Choice<T extends string>({ name, value, choices = [], groups = [], onValue, problem, ...rest }: ChoiceProps<T>) {
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
