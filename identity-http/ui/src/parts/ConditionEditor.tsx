/** What must hold besides: comparisons, one after the other. */

import { Button, FormGroup } from "@carbon/react";
import { Add, TrashCan } from "@carbon/icons-react";
import { type Ref, useEffect, useRef, useState } from "react";

import {
  MOST_COMPARISONS,
  type Property,
  type Row,
  SIDES,
  type Side,
  TESTS,
  TEST_NAMES,
  type Test,
  comparisonOf,
  inWords,
  isComplete,
  notTexts,
  wrongValues,
} from "../api/conditions";
import type { Problem } from "../api/problem";
import { list, t } from "../lib/i18n";
import { Choice, LinesField, TextField } from "./fields";

/** A row, and by what it is known while others come and go. */
export type KeyedRow = Row & { key: number };

interface Props {
  rows: KeyedRow[];
  /** The properties that resources of the type have. */
  properties: readonly string[];
  onRows: (rows: KeyedRow[]) => void;
  problem?: Problem;
}

export function ConditionEditor({ rows, properties, onRows, problem }: Props) {
  const [added, setAdded] = useState<number>();
  const adding = useRef<HTMLButtonElement>(null);
  const said = problem?.about("condition");
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
          fault={said !== undefined && isMeant(row, said) ? said : undefined}
        />
      ))}
      {said !== undefined && !rows.some((row) => isMeant(row, said)) && (
        <p className="fault" role="alert">
          {said}
        </p>
      )}
      <Button ref={adding} size="sm" kind="ghost" renderIcon={Add} onClick={add} disabled={rows.length >= MOST_COMPARISONS}>
        {t("condition.add")}
      </Button>
    </FormGroup>
  );
}

/** Whether what was said is about one of the row's properties. */
const isMeant = ({ property, test, other }: Row, said: string) =>
  [property, ...(TESTS[test].with === "other" ? [other] : [])].some(({ name }) => said.includes(`\`${name.trim()}\``));

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
      {operand === "value" && (
        <TextField name={`${id}-value`} labelText={t("condition.value")} {...value} />
      )}
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

/** Whose property, and which: of a resource, one that its type has. */
function PropertyFields({ id, property: { side, name }, properties, onProperty, ref }: PropertyProps) {
  // What it had when it was saved is offered, whatever the type has by now.
  const names = name === "" || properties.includes(name) ? properties : [...properties, name];
  const sides = SIDES.filter((side) => side !== "resource" || names.length > 0);
  const chooseSide = (chosen: Side) => onProperty({ side: chosen, name: chosen === "resource" ? (properties[0] ?? "") : "" });
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
