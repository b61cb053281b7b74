/** Select field for a resource type, with custom types before built-in ones. */

import type { ComponentProps } from "react";

import type { GrantableType } from "../api/types";
import { t } from "../lib/i18n";
import { Choice } from "./fields";

type Props = Omit<ComponentProps<typeof Choice<string>>, "labelText" | "groups"> & { types: readonly GrantableType[] };

export function TypeChoice({ types, ...rest }: Props) {
  const named = (own: boolean) =>
    types.filter(({ family }) => (family === "OWN") === own).map(({ type }) => [type, type] as const);
  const groups = [
    { title: t("types.own"), choices: named(true) },
    { title: t("types.built_in"), choices: named(false) },
  ];
  return <Choice labelText={t("grants.type")} groups={groups} {...rest} />;
}
