import { useQuery } from "@tanstack/react-query";

import { grantsOn } from "../../api/grants";
import { isOwn, readType } from "../../api/types";
import { useSession } from "../../app/session";
import { t } from "../../lib/i18n";
import { Chips } from "../../parts/Chips";
import { Detail } from "../../parts/Detail";
import { GrantList } from "../../parts/GrantList";
import { DeleteType } from "./DeleteType";
import { TypeForm } from "./TypeForm";
import { Whose } from "./TypeList";

export default function TypeDetail({ id }: { id: string }) {
  const session = useSession();
  const loaded = useQuery({
    queryKey: ["resource-types", id],
    queryFn: ({ signal }) => readType(id, signal),
  });
  const grants = grantsOn(session, id);
  return (
    <Detail
      loaded={loaded}
      one={t("types.one")}
      above={{ title: t("types.title"), href: "/resource-types" }}
      title={({ type }) => type}
      managed={(type) => (isOwn(type) ? { type: "RESOURCE_TYPE", id: type.type } : undefined)}
      isFixed={(type) => !isOwn(type)}
      edit={{ form: (type, onClose) => <TypeForm type={type} onClose={onClose} /> }}
      remove={({ type }, onDeleted, onClose) => <DeleteType type={type} onDeleted={onDeleted} onClose={onClose} />}
    >
      {(type) => (
        <>
          <dl className="facts">
            <dt>{t("types.whose")}</dt>
            <dd>
              <Whose {...type} />
            </dd>
            <dt>{t("grants.permissions")}</dt>
            <dd>
              <Chips texts={type.supportedPermissions} />
            </dd>
            {isOwn(type) && (
              <>
                <dt>{t("types.properties")}</dt>
                <dd>{type.properties?.length ? <Chips texts={type.properties} /> : t("types.no_properties")}</dd>
              </>
            )}
          </dl>
          <h2 className="group-title">{t("authorizations.title")}</h2>
          {grants && <GrantList grants={grants} resourceType={type.type} />}
        </>
      )}
    </Detail>
  );
}
