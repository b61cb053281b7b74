/** Button above a list that adds an entry. Hidden without the permission `write`. */

import { Add } from "@carbon/icons-react";
import { Button } from "@carbon/react";

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
