import { Tag } from "@carbon/react";

import type { User } from "../../api/people";
import { t } from "../../lib/i18n";
import type { Column } from "../../parts/Listing";

/** Marks an inactive user. */
export const Inactive = ({ user }: { user: Pick<User, "enabled"> }) =>
  user.enabled === false && (
    <Tag size="sm" type="red">
      {t("users.inactive")}
    </Tag>
  );

/** Columns of user lists. `sorts` names the sortable ones. */
export const personColumns = (sorts: readonly string[] = []): Column<User>[] => [
  { key: "username", header: t("username"), cell: ({ username }) => username, sortable: sorts.includes("username") },
  {
    key: "name",
    header: t("name"),
    cell: (user) => (
      <>
        {user.name} <Inactive user={user} />
      </>
    ),
    sortable: sorts.includes("name"),
  },
  { key: "email", header: t("email"), cell: ({ email }) => email, sortable: sorts.includes("email"), minor: true },
];
