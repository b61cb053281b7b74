import { Fragment } from "react";

/** A constant such as `PROCESS_DEFINITION`, which breaks after its underscores if it does not fit. */
export const Breakable = ({ text }: { text: string }) =>
  text.split(/(?<=_)/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
