/** Counter that lists depend on; incrementing it reloads them. */

import { useCallback, useState } from "react";

export function useRound() {
  const [round, setRound] = useState(0);
  return [round, useCallback(() => setRound((round) => round + 1), [])] as const;
}
