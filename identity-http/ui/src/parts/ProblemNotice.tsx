/** Notification of a failed request, with buttons to sign in or retry. */

import { Button, InlineNotification } from "@carbon/react";

import type { Problem } from "../api/problem";
import { signInAddress } from "../app/session";
import { t, word } from "../lib/i18n";

export function describe(problem: Problem): string {
  switch (problem.status) {
    case 0:
      return t("problem.unreachable");
    case -1:
      return t("problem.unexpected");
    case 401:
      return t("problem.session_ended");
    default:
      return problem.sentence || t("problem.unexpected");
  }
}

export function ProblemNotice({ problem, onRetry }: { problem: Problem; onRetry?: () => unknown }) {
  const wants = problem.wantsSignIn;
  return (
    <div className="problem">
      <InlineNotification
        kind="error"
        statusIconDescription={word("notice", "error")}
        lowContrast
        hideCloseButton
        role="alert"
        title={wants ? t("problem.signed_out") : problem.status === 403 ? t("problem.forbidden") : t("problem.title")}
        subtitle={describe(problem)}
      />
      {wants && (
        <Button size="sm" kind="tertiary" href={signInAddress()} target="_blank" rel="noopener">
          {t("problem.sign_in")}
        </Button>
      )}
      {onRetry && (
        <Button size="sm" kind="tertiary" onClick={() => onRetry()}>
          {t("problem.retry")}
        </Button>
      )}
    </div>
  );
}
