import type { ComponentProps } from "react";

import type { Schemas } from "../../api/client";
import { addressOf } from "../../lib/address";
import { t } from "../../lib/i18n";
import { Members } from "../../parts/Members";

type Group = Schemas["GroupReference"];
type Props = Pick<ComponentProps<typeof Members<Group>>, "queryKey" | "add" | "remove" | "empty"> & {
  load: (signal?: AbortSignal) => Promise<Group[]>;
};

/** Groups of a user. */
export const GroupsOf = ({ load, ...rest }: Props) => (
  <Members
    label={t("groups.title")}
    columns={[{ key: "name", header: t("name"), cell: ({ name }: Group) => name }]}
    idOf={({ id }) => id}
    nameOf={({ name }) => name}
    href={({ id }) => addressOf("/groups", id)}
    load={{ all: load }}
    {...rest}
  />
);
