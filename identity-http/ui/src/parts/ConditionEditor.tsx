/** Form fields for the condition of an authorization, a list of comparisons. */

import { Add, TrashCan } from "@carbon/icons-react";
import { Button, FormGroup } from "@carbon/react";
import { type Ref, useEffect, useMemo, useRef, useState } from "react";

import {
  comparisonOf,
  inWords,
  isComplete,
  MOST_COMPARISONS,
  notTexts,
  type Property,
  type Row,
  SIDES,
  type Side,
  TEST_NAMES,
  TESTS,
  type Test,
  wrongValues,
} from "../api/conditions";
import type { Problem } from "../api/problem";
import { list, t } from "../lib/i18n";
import { Choice, LinesField, TextField } from "./fields";

/** Row with a key that stays the same while other rows are added and removed. */
export type KeyedRow = Row & { key: number };

interface Props {
  rows: KeyedRow[];
  /** Properties of the resource type. */
  properties: readonly string[];
  onRows: (rows: KeyedRow[]) => void;
  problem?: Problem;
}

export function ConditionEditor({ rows, properties, onRows, problem }: Props) {
  const [added, setAdded] = useState<number>();
  const adding = useRef<HTMLButtonElement>(null);
  const message = problem?.about("condition");
  // Rows may be added and dropped after the response, so that messages belong to keys instead of positions.
  const faults = useMemo(
    () => new Map(rows.map(({ key }, index) => [key, problem?.at(`/condition/${index}`)] as const)),
    [problem],
  );
  const add = () => {
    const key = Math.max(0, ...rows.map(({ key }) => key)) + 1;
    const [first] = properties;
    const caller: Property = { side: "subject", name: "" };
    const property: Property = first === undefined ? caller : { side: "resource", name: first };
    onRows([...rows, { key, property, test: "EQUAL", text: "", other: caller }]);
    setAdded(key);
  };
  const drop = (gone: KeyedRow) => {
    onRows(rows.filter((row) => row !== gone));
    adding.current?.focus();
  };
  return (
    <FormGroup legendText={t("condition.title")} className="condition">
      <p className="hint">{t(rows.length === 0 ? "condition.none" : "condition.all")}</p>
      {rows.map((row, index) => (
        <ComparisonFields
          key={row.key}
          row={row}
          number={index + 1}
          properties={properties}
          takesFocus={row.key === added}
          onRow={(changed) => onRows(rows.map((other) => (other === row ? { ...changed, key: row.key } : other)))}
          onDrop={() => drop(row)}
          fault={faults.get(row.key)}
        />
      ))}
      {message !== undefined && !rows.some(({ key }) => faults.get(key)) && (
        <p className="fault" role="alert">
          {message}
        </p>
      )}
      <Button
        ref={adding}
        size="sm"
        kind="ghost"
        renderIcon={Add}
        onClick={add}
        disabled={rows.length >= MOST_COMPARISONS}
      >
        {t("condition.add")}
      </Button>
    </FormGroup>
  );
}

interface RowProps {
  row: Row;
  number: number;
  properties: readonly string[];
  takesFocus: boolean;
  onRow: (row: Row) => void;
  onDrop: () => void;
  fault?: string;
}

function ComparisonFields({ row, number, properties, takesFocus, onRow, onDrop, fault }: RowProps) {
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => {
    if (takesFocus) first.current?.focus();
  }, []);
  const id = `comparison-${number}`;
  const operand = TESTS[row.test].with;
  const asNumbers = notTexts(row);
  const value = {
    value: row.text,
    onValue: (text: string) => onRow({ ...row, text }),
    fault: wrongValues(row),
    helperText:
      asNumbers.length > 0
        ? t("condition.not_text", { count: asNumbers.length, values: list(asNumbers), quoted: `"${asNumbers[0]}"` })
        : undefined,
  };
  return (
    <fieldset className="comparison" aria-describedby={`${id}-words`}>
      <legend>{t("condition.number", { number })}</legend>
      <div className="drop">
        <Button
          kind="ghost"
          size="sm"
          hasIconOnly
          renderIcon={TrashCan}
          iconDescription={t("condition.remove", { number })}
          tooltipPosition="left"
          onClick={onDrop}
        />
      </div>
      <PropertyFields
        id={id}
        property={row.property}
        properties={properties}
        onProperty={(property) => onRow({ ...row, property })}
        ref={first}
      />
      <div className="whole">
        <Choice<Test>
          name={`${id}-test`}
          labelText={t("condition.test")}
          value={row.test}
          choices={TEST_NAMES.map((test) => [test, t(`test.${test}`)] as const)}
          onValue={(test) => onRow({ ...row, test })}
        />
      </div>
      {operand === "value" && <TextField name={`${id}-value`} labelText={t("condition.value")} {...value} />}
      {operand === "values" && <LinesField name={`${id}-values`} labelText={t("condition.values")} {...value} />}
      {operand === "other" && (
        <PropertyFields
          id={`${id}-other`}
          property={row.other}
          properties={properties}
          onProperty={(other) => onRow({ ...row, other })}
        />
      )}
      <p id={`${id}-words`} className="hint whole">
        {isComplete(row) ? inWords(comparisonOf(row)) : t("condition.incomplete")}
      </p>
      {fault !== undefined && (
        <p className="fault whole" role="alert">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

interface PropertyProps {
  id: string;
  property: Property;
  properties: readonly string[];
  onProperty: (property: Property) => void;
  ref?: Ref<HTMLSelectElement>;
}

/** Fields for a property: its entity and its name. Resource properties are selected from those of the type. */
function PropertyFields({ id, property: { side, name }, properties, onProperty, ref }: PropertyProps) {
  // The saved property remains selectable, even if the type no longer has it.
  const names = name === "" || properties.includes(name) ? properties : [...properties, name];
  const sides = SIDES.filter((side) => side !== "resource" || names.length > 0);
  const chooseSide = (chosen: Side) =>
    onProperty({ side: chosen, name: chosen === "resource" ? (properties[0] ?? "") : "" });
  return (
    <>
      <Choice<Side>
        ref={ref}
        name={`${id}-side`}
        labelText={t("condition.whose")}
        value={side}
        choices={sides.map((side) => [side, t(`condition.side.${side}`)] as const)}
        onValue={chooseSide}
      />
      {side === "resource" ? (
        <Choice
          name={`${id}-name`}
          labelText={t("condition.property")}
          value={name}
          choices={names.map((name) => [name, name] as const)}
          onValue={(name) => onProperty({ side, name })}
        />
      ) : (
        <TextField
          name={`${id}-name`}
          labelText={t("condition.property")}
          value={name}
          onValue={(name) => onProperty({ side, name })}
          spellCheck={false}
        />
      )}
    </>
  );
}
