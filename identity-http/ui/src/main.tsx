import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { queries } from "./api/queries";
import { App } from "./app/App";
import { speak } from "./lib/i18n";
import { applyTheme } from "./lib/theme";
import "./style.scss";

applyTheme();
const root = document.getElementById("root");
if (root) {
  void speak().then(() =>
    createRoot(root).render(
      <StrictMode>
        <QueryClientProvider client={queries}>
          <App />
        </QueryClientProvider>
      </StrictMode>,
    ),
  );
}
