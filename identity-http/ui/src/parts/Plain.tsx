/** Table of rows that are already loaded, without search, sorting or paging. */

import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from "@carbon/react";

import type { Column } from "./Listing";

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T, index: number) => string;
}

export function Plain<T>({ label, columns, rows, rowKey }: Props<T>) {
  return (
    <div className="table" tabIndex={0} role="region" aria-label={label}>
      <Table size="md" aria-label={label}>
        <TableHead>
          <TableRow>
            {columns.map(({ key, header, minor }) => (
              <TableHeader key={key} className={minor ? "minor" : undefined}>
                {header}
              </TableHeader>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row, index) => (
            <TableRow key={rowKey(row, index)}>
              {columns.map(({ key, cell, minor }) => (
                <TableCell key={key} className={minor ? "minor" : undefined}>
                  {cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  );
}
