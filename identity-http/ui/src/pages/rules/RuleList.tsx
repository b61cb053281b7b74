import { Edit, TrashCan } from "@carbon/icons-react";
import { useState } from "react";

import { api, ask, askPage, type Schemas } from "../../api/client";
import { inManagement } from "../../api/lists";
import { changed } from "../../api/queries";
import { useSession } from "../../app/session";
import { useToast } from "../../app/toasts";
import { t, word } from "../../lib/i18n";
import { deletion } from "../../parts/BulkDialog";
import { Chips } from "../../parts/Chips";
import { Create } from "../../parts/Create";
import { Current } from "../../parts/Current";
import { ConfirmDialog } from "../../parts/Dialog";
import { Listing } from "../../parts/Listing";
import { Page } from "../../parts/Page";
import { RuleTest } from "../../parts/RuleTest";
import { bodyOf, RuleForm, readRule, targetsOf } from "./RuleForm";

type Rule = Schemas["RuleView"];

export default function RuleList() {
  const { has, mayWrite } = useSession();
  const say = useToast();
  const [form, setForm] = useState<Rule | "new">();
  const [deleting, setDeleting] = useState<Rule>();
  const condition = ({ claimName, operator, claimValue, issuer }: Rule) =>
    `${claimName} ${word("operator", operator)} ${claimValue}${issuer ? ` · ${t("rules.of_issuer", { issuer })}` : ""}`;
  return (
    <Page title={t("rules.title")} lead={t("rules.lead")}>
      <Listing<Rule>
        label={t("rules.title")}
        search={t("rules.search")}
        queryKey={["mapping-rules"]}
        load={(query) => askPage(api.GET("/api/mapping-rules", inManagement(query)))}
        rowKey={({ id }) => id}
        alike={{ kind: "MAPPING_RULE", id: ({ id }) => id }}
        columns={[
          { key: "name", header: t("name"), cell: ({ name }) => name },
          {
            key: "condition",
            header: t("rules.condition"),
            cell: (rule) => <span className="code">{condition(rule)}</span>,
          },
          {
            key: "targets",
            header: t("rules.targets"),
            minor: true,
            cell: (rule) => <Chips texts={targetsOf(rule).map(({ title }) => title)} />,
          },
        ]}
        tools={<Create text={t("rules.create")} onClick={() => setForm("new")} />}
        actions={
          mayWrite
            ? [
                { label: ({ name }) => t("edit_named", { name }), icon: Edit, onClick: setForm },
                { label: ({ name }) => t("delete_named", { name }), icon: TrashCan, onClick: setDeleting },
              ]
            : []
        }
        bulk={
          mayWrite
            ? {
                nameOf: ({ name }) => name,
                actions: [
                  deletion<Rule>("mapping-rules", {
                    change: ({ id }) => ({ deleteMappingRule: id }),
                    run: ({ id }) => ask(api.DELETE("/api/mapping-rules/{id}", { params: { path: { id } } })),
                  }),
                ],
              }
            : undefined
        }
        empty={{ title: t("rules.none"), text: t("rules.none_text") }}
      />
      {form === "new" && <RuleForm onClose={() => setForm(undefined)} />}
      {form && form !== "new" && (
        <Current heading={t("rules.edit")} read={() => readRule(form.id)} onClose={() => setForm(undefined)}>
          {(rule) => <RuleForm rule={rule} onClose={() => setForm(undefined)} />}
        </Current>
      )}
      {deleting && (
        <ConfirmDialog
          heading={t("rules.delete", { name: deleting.name })}
          submit={t("delete")}
          consequences={async () => [
            t("lose.rule", { condition: condition(deleting) }),
            ...targetsOf(deleting).map(({ kind, title }) => t(`lose.rule.${kind}`, { name: title })),
          ]}
          entity={() => readRule(deleting.id)}
          managed={{ type: "MAPPING_RULE", id: deleting.id }}
          onConfirm={async (headers) => {
            await ask(api.DELETE("/api/mapping-rules/{id}", { params: { path: { id: deleting.id } }, headers }));
            const again = () => changed(["mapping-rules"]);
            again();
            say({
              title: t("deleted", { name: deleting.name }),
              undo: () => ask(api.POST("/api/mapping-rules", { body: bodyOf(deleting) })).then(again),
            });
          }}
          onClose={() => setDeleting(undefined)}
        >
          {has("inspection") && <RuleTest changes={() => [{ deleteMappingRule: deleting.id }]} />}
        </ConfirmDialog>
      )}
    </Page>
  );
}
