import { api, ask, askPage } from "../../api/client";
import { deleted } from "../../api/queries";
import { readType } from "../../api/types";
import { useToast } from "../../app/toasts";
import { t } from "../../lib/i18n";
import { ConfirmDialog } from "../../parts/Dialog";

interface Props {
  type: string;
  onClose: () => void;
  /** Leaves the page of the deleted entity. */
  onDeleted?: () => void;
}

/** Confirms the deletion of a resource type and shows how many authorizations it deletes. */
export function DeleteType({ type, onClose, onDeleted }: Props) {
  const say = useToast();
  const consequences = async () => {
    const query = { resourceType: type, page: 0, resultSize: 1 };
    const { total } = await askPage(api.GET("/api/authorizations", { params: { query } }));
    const ending = total > 0 ? t("lose.type", { count: total, name: type }) : t("lose.type_unused", { name: type });
    return [ending, t("lose.no_undo")];
  };
  return (
    <ConfirmDialog
      heading={t("types.delete", { name: type })}
      submit={t("delete")}
      consequences={consequences}
      entity={() => readType(type)}
      managed={{ type: "RESOURCE_TYPE", id: type }}
      onConfirm={async (headers) => {
        await ask(api.DELETE("/api/resource-types/{type}", { params: { path: { type } }, headers }));
        say({ title: t("deleted", { name: type }) });
        deleted("resource-types", type);
        onDeleted?.();
      }}
      onClose={onClose}
    />
  );
}
