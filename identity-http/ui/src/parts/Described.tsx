import { Id } from "./Copy";

/** ID and description of an entity, below its name. The ID is absent if it is the name. */
export const Described = ({ id, description }: { id?: string; description?: string }) => (
  <>
    {id && <Id text={id} />}
    {id && description && <br />}
    {description}
  </>
);
