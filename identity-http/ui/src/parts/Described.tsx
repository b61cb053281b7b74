/** ID and description of an entity, below its name. */
export const Described = ({ id, description }: { id: string; description?: string }) => (
  <>
    <span className="code">{id}</span>
    {description && (
      <>
        <br />
        {description}
      </>
    )}
  </>
);
