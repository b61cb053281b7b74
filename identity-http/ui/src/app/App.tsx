/** Root component: loads the capabilities, provides the session, and renders the page or the sign-in problem. */

import { Loading } from "@carbon/react";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo } from "react";
import { Router } from "wouter";

import { base, whenSessionEnds } from "../api/client";
import { problemOf } from "../api/problem";
import { t, useLanguage } from "../lib/i18n";
import { Unauthorized } from "../pages/Unauthorized";
import { ProblemNotice } from "../parts/ProblemNotice";
import { Boundary } from "./Boundary";
import { Pages } from "./Pages";
import { Shell } from "./Shell";
import { capabilities, isTyping, SessionProvider, sessionOf, signInAddress } from "./session";
import { Toasts } from "./toasts";

const canSignIn = document.querySelector('meta[name="sign-in"][content="none"]') === null;

export function App() {
  const language = useLanguage();
  const query = useQuery(capabilities);
  const { data, refetch } = query;
  const session = useMemo(() => (data ? sessionOf(data) : undefined), [data]);
  useEffect(() => {
    whenSessionEnds(() => {
      // A redirect would lose form input. With a form open, the page stays and the form shows the problem.
      if (canSignIn && !isTyping()) location.assign(signInAddress());
    });
  }, []);
  if (!session) {
    const problem = problemOf(query);
    if (problem?.wantsSignIn && canSignIn) return null;
    return problem ? (
      <main className="page">
        {problem.wantsSignIn ? <h1>{t("no_sign_in")}</h1> : <ProblemNotice problem={problem} onRetry={refetch} />}
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
