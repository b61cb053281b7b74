/** List with search, sorting and paging by the server. Its state is in the URL. */

import {
  Button,
  Checkbox,
  DataTableSkeleton,
  Pagination,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
} from "@carbon/react";
import { keepPreviousData, type QueryKey, skipToken, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { type ComponentType, type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";

import type { Page } from "../api/client";
import { type LabelledKind, lookAlikes } from "../api/lookAlikes";
import { problemOf } from "../api/problem";
import { useSession } from "../app/session";
import { t } from "../lib/i18n";
import { useFocusAfterRemoval } from "../lib/useFocusAfterRemoval";
import { useUrlState } from "../lib/useUrlState";
import { type BulkAction, BulkDialog } from "./BulkDialog";
import { Empty } from "./Empty";
import { ProblemNotice } from "./ProblemNotice";
import { SearchField } from "./SearchField";
import { SimilarTo } from "./SimilarTo";

export interface ListQuery {
  search: string;
  /** Zero-based. */
  page: number;
  size: number;
  sort?: { field: string; descending: boolean };
  signal?: AbortSignal;
}

export interface Column<T> {
  key: string;
  header: string;
  cell: (row: T) => ReactNode;
  sortable?: boolean;
  /** Hidden on narrow screens. */
  minor?: boolean;
}

export interface RowAction<T> {
  /** Names the action and the row, as tooltip and for screen readers. */
  label: (row: T) => string;
  icon: ComponentType;
  danger?: boolean;
  onClick: (row: T) => void;
  unless?: (row: T) => boolean;
}

interface Props<T> {
  /** Accessible name of the list. */
  label: string;
  /** Prefix of the parameters in the URL, if the page has several lists. */
  part?: string;
  columns: Column<T>[];
  /** Key of the list in the cache, with everything that `load` depends on in addition to the query. */
  queryKey: QueryKey;
  load: (query: ListQuery) => Promise<Page<T>>;
  rowKey: (row: T) => string;
  href?: (row: T) => string;
  /** Marks the rows whose IDs or names look like others of this kind. */
  alike?: { kind: LabelledKind; id: (row: T) => string };
  actions?: RowAction<T>[];
  /** Actions on several selected rows, and the name of a row in their dialogs. */
  bulk?: {
    actions: BulkAction<T>[];
    nameOf: (row: T) => string;
    /** Rows that cannot be selected. */
    isFixed?: (row: T) => boolean;
  };
  search?: string;
  /** Whether filters outside of the list select its rows, so that it may be empty although there are entries. */
  filtered?: boolean;
  /** Filters and buttons beside the search field. */
  tools?: ReactNode;
  empty: { title: string; text: string; action?: ReactNode };
}

const SIZES = [20, 50, 100];

export function Listing<T>(props: Props<T>) {
  const query = useUrlState(props.part);
  const size = SIZES.find((size) => size === query.number("size", 20)) ?? 20;
  const page = Math.max(0, query.number("page", 1) - 1) || 0;
  const search = query.get("q");
  const sort = query.get("sort");
  const wanted: ListQuery = {
    search,
    page,
    size,
    sort: sort ? { field: sort.replace(/^-/, ""), descending: sort.startsWith("-") } : undefined,
  };
  const loaded = useQuery({
    queryKey: [...props.queryKey, wanted],
    queryFn: ({ signal }) => props.load({ ...wanted, signal }),
    placeholderData: keepPreviousData,
  });
  const { data } = loaded;
  const similar = useLookAlikes(props.alike?.kind, props.queryKey);
  // The page no longer exists, for example after deletions: open the last one.
  const beyond = data !== undefined && data.items.length === 0 && data.total > 0 && page > 0;
  useEffect(() => {
    if (beyond) query.set({ page: Math.ceil(data.total / size) });
  }, [beyond]);
  const nothing = data?.total === 0 && search === "" && !props.filtered;
  const selection = useSelection(props.rowKey, props.bulk);
  return (
    <div className="listing" aria-busy={loaded.isFetching}>
      <div className="tools">
        {props.search && !nothing && (
          <SearchField label={props.search} value={search} onSearch={(q) => query.set({ q, page: 0 })} />
        )}
        {props.tools}
      </div>
      {props.bulk && selection.toolbar}
      <Body
        {...props}
        selection={props.bulk && props.bulk.actions.length > 0 ? selection : undefined}
        similar={similar}
        loaded={loaded}
        sort={sort}
        onSort={(sort) => query.set({ sort, page: 0 })}
        searched={search}
      />
      {data && data.total > Math.min(...SIZES) && (
        <Pagination
          page={page + 1}
          pageSize={size}
          pageSizes={SIZES}
          totalItems={data.total}
          onChange={({ page, pageSize }) =>
            query.set({ page: page === 1 ? 0 : page, size: pageSize === 20 ? 0 : pageSize })
          }
          itemsPerPageText={t("list.per_page")}
          itemRangeText={(min, max, total) => t("list.range", { min, max, total })}
          pageRangeText={(_, total) => t("list.pages", { count: total })}
          pageSelectLabelText={(total) => t("list.page_of", { count: total })}
          backwardText={t("list.back")}
          forwardText={t("list.forward")}
        />
      )}
    </div>
  );
}

/** Loads the IDs of a kind that look like others. Failures are ignored, as the list works without them. */
function useLookAlikes(kind: LabelledKind | undefined, queryKey: QueryKey) {
  const session = useSession();
  return useQuery({
    queryKey: [...queryKey, { alike: kind }],
    queryFn: kind ? ({ signal }) => lookAlikes(session, kind, signal) : skipToken,
  }).data;
}

interface Selection<T> {
  mayHave: (row: T) => boolean;
  has: (row: T) => boolean;
  toggle: (rows: T[], isOn: boolean) => void;
  /** Number of selected rows with the actions on them; absent while none is selected. */
  toolbar: ReactNode;
}

/** Rows that are selected, also on other pages of the list. */
function useSelection<T>(rowKey: (row: T) => string, bulk: Props<T>["bulk"]): Selection<T> {
  const [selected, setSelected] = useState<ReadonlyMap<string, T>>(new Map());
  const [action, setAction] = useState<BulkAction<T>>();
  const mapOf = (rows: T[]) => new Map(rows.map((row) => [rowKey(row), row]));
  const rows = [...selected.values()];
  const chosen = rows.filter((row) => !action?.unless?.(row));
  return {
    mayHave: (row) => !bulk?.isFixed?.(row),
    has: (row) => selected.has(rowKey(row)),
    toggle: (rows, isOn) =>
      setSelected((before) => {
        const after = new Map(before);
        for (const row of rows) {
          if (isOn) after.set(rowKey(row), row);
          else after.delete(rowKey(row));
        }
        return after;
      }),
    toolbar: bulk && rows.length > 0 && (
      <div className="selected" role="toolbar" aria-label={t("bulk.selected", { count: rows.length })}>
        <span>{t("bulk.selected", { count: rows.length })}</span>
        {bulk.actions.map((action) => (
          <Button
            key={action.label}
            size="sm"
            kind={action.danger ? "danger--tertiary" : "tertiary"}
            onClick={() => setAction(action)}
          >
            {action.label}
          </Button>
        ))}
        <Button size="sm" kind="ghost" onClick={() => setSelected(new Map())}>
          {t("bulk.none")}
        </Button>
        {action && (
          <BulkDialog
            action={action}
            rows={chosen}
            nameOf={bulk.nameOf}
            onDone={(left) => setSelected(mapOf(left))}
            onClose={() => setAction(undefined)}
          />
        )}
      </div>
    ),
  };
}

interface BodyProps<T> extends Props<T> {
  selection: Selection<T> | undefined;
  loaded: UseQueryResult<Page<T>>;
  similar: Map<string, string[]> | undefined;
  sort: string;
  onSort: (sort: string) => void;
  searched: string;
}

function Body<T>({
  loaded,
  similar,
  alike,
  sort,
  onSort,
  searched,
  filtered,
  label,
  columns,
  rowKey,
  href,
  actions = [],
  selection,
  bulk,
  empty,
}: BodyProps<T>) {
  const { data, refetch } = loaded;
  const problem = problemOf(loaded);
  const focus = useFocusAfterRemoval<HTMLDivElement>(data?.items);
  if (problem) return <ProblemNotice problem={problem} onRetry={refetch} />;
  if (!data)
    return <DataTableSkeleton columnCount={columns.length} rowCount={5} showHeader={false} showToolbar={false} />;
  if (data.total === 0) {
    return searched || filtered ? (
      <Empty
        title={t("list.no_match")}
        text={searched ? t("list.no_match_text", { text: searched }) : t("list.no_match_filter")}
      />
    ) : (
      <Empty {...empty} />
    );
  }
  const next = (key: string) => (sort === key ? `-${key}` : sort === `-${key}` ? "" : key);
  const free = selection ? data.items.filter(selection.mayHave) : [];
  return (
    <>
      <p className="count" role="status">
        {t("list.count", { count: data.total })}
      </p>
      <div className="table" tabIndex={0} role="region" aria-label={label} {...focus}>
        <Table size="lg" aria-label={label}>
          <TableHead>
            <TableRow>
              {selection && (
                <TableHeader className="select">
                  <Checkbox
                    id={`select-all-${label}`}
                    labelText={t("bulk.all")}
                    hideLabel
                    checked={free.length > 0 && free.every(selection.has)}
                    disabled={free.length === 0}
                    onChange={(_, { checked }) => selection.toggle(free, checked)}
                  />
                </TableHeader>
              )}
              {columns.map(({ key, header, sortable, minor }) => (
                <TableHeader
                  key={key}
                  className={minor ? "minor" : undefined}
                  isSortable={sortable}
                  isSortHeader={sort.replace(/^-/, "") === key}
                  sortDirection={sort === key ? "ASC" : sort === `-${key}` ? "DESC" : "NONE"}
                  onClick={sortable ? () => onSort(next(key)) : undefined}
                  translateWithId={() => t("list.sort", { header })}
                >
                  {header}
                </TableHeader>
              ))}
              {actions.length > 0 && (
                <TableHeader>
                  <span className="unseen">{t("list.actions")}</span>
                </TableHeader>
              )}
            </TableRow>
          </TableHead>
          <TableBody>
            {data.items.map((row) => (
              <TableRow key={rowKey(row)}>
                {selection && (
                  <TableCell className="select">
                    {selection.mayHave(row) && (
                      <Checkbox
                        id={`select-${rowKey(row)}`}
                        labelText={t("bulk.one", { name: bulk?.nameOf(row) ?? rowKey(row) })}
                        hideLabel
                        checked={selection.has(row)}
                        onChange={(_, { checked }) => selection.toggle([row], checked)}
                      />
                    )}
                  </TableCell>
                )}
                {columns.map(({ key, cell, minor }, index) => (
                  <TableCell key={key} className={minor ? "minor" : undefined}>
                    {index === 0 && href ? (
                      <Link href={href(row)} className="cds--link">
                        {cell(row)}
                      </Link>
                    ) : (
                      cell(row)
                    )}
                    {index === 0 && alike && <SimilarTo ids={similar?.get(alike.id(row))} />}
                  </TableCell>
                ))}
                {actions.length > 0 && (
                  <TableCell className="row-actions">
                    {actions
                      .filter(({ unless }) => !unless?.(row))
                      .map((action, index) => (
                        <Button
                          key={index}
                          kind="ghost"
                          size="md"
                          hasIconOnly
                          renderIcon={action.icon}
                          iconDescription={action.label(row)}
                          tooltipPosition="left"
                          onClick={() => action.onClick(row)}
                        />
                      ))}
                  </TableCell>
                )}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </>
  );
}

/** Searches and pages a list in the browser, for APIs that return it as a whole. */
export function local<T>(items: (signal?: AbortSignal) => Promise<T[]>, texts: (item: T) => string[]) {
  return async ({ search, page, size, signal }: ListQuery): Promise<Page<T>> => {
    const sought = search.toLowerCase();
    const fitting = (await items(signal)).filter((item) =>
      texts(item).some((text) => text.toLowerCase().includes(sought)),
    );
    return { items: fitting.slice(page * size, (page + 1) * size), total: fitting.length };
  };
}
