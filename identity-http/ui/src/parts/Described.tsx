/** ID and description of an entity, below its name. The ID is absent if it is the name. */
export const Described = ({ id, description }: { id?: string; description?: string }) => (
  <>
    {id && <span className="code">{id}</span>}
    {id && description && <br />}
    {description}
  </>
);
