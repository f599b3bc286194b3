"""Projects: precedences and pools of constant capacity (RCPSP), with maximum lags or without."""
