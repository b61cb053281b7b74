/** From nothing to a page: who is signed in, what there is for them, where they want to go. */

import { Loading } from "@carbon/react";
import { Suspense, useEffect, useMemo } from "react";
import { Router } from "wouter";

import { api, ask, base, whenSessionEnds } from "../api/client";
import { t, useLanguage } from "../lib/i18n";
import { useLoad } from "../lib/useLoad";
import { ProblemNotice } from "../parts/ProblemNotice";
import { Boundary } from "./Boundary";
import { Pages } from "./Pages";
import { Shell } from "./Shell";
import { SessionProvider, isTyping, sessionOf, signInAddress } from "./session";
import { Toasts } from "./toasts";
import { Unauthorized } from "../pages/Unauthorized";

const canSignIn = document.querySelector('meta[name="sign-in"][content="none"]') === null;

export function App() {
  const language = useLanguage();
  const { data, problem, reload } = useLoad(() => ask(api.GET("/api/capabilities")), []);
  const session = useMemo(() => (data ? sessionOf(data) : undefined), [data]);
  useEffect(() => {
    whenSessionEnds(() => {
      // What was typed would be lost: the form says what has happened, and stays.
      if (canSignIn && !isTyping()) location.assign(signInAddress());
    });
  }, []);
  if (!session) {
    if (problem?.wantsSignIn && canSignIn) return null;
    return problem ? (
      <main className="page">
        {problem.wantsSignIn ? <h1>{t("no_sign_in")}</h1> : <ProblemNotice problem={problem} onRetry={reload} />}
      </main>
    ) : (
      <Loading description={t("loading")} withOverlay={false} />
    );
  }
  return (
    <SessionProvider value={session}>
      <Router base={base}>
        <Toasts>
          <Shell key={language}>
            <Boundary>
              <Suspense fallback={<Loading description={t("loading")} withOverlay={false} />}>
                {session.mayRead ? <Pages /> : <Unauthorized />}
              </Suspense>
            </Boundary>
          </Shell>
        </Toasts>
      </Router>
    </SessionProvider>
  );
}
