/** The button above a list that adds to it, for those who may. */

import { Button } from "@carbon/react";
import { Add } from "@carbon/icons-react";

import { useSession } from "../app/session";

export function Create({ text, onClick }: { text: string; onClick: () => void }) {
  const { mayWrite } = useSession();
  return (
    mayWrite && (
      <Button size="lg" renderIcon={Add} onClick={onClick}>
        {text}
      </Button>
    )
  );
}
