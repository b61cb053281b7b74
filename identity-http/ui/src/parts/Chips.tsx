/** A few words, each in a box of its own. */
export const Chips = ({ texts }: { texts: string[] }) => (
  <ul className="tags">
    {texts.map((text) => (
      <li key={text} className="chip">
        {text}
      </li>
    ))}
  </ul>
);
