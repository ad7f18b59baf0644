"""The readiness report: one model, and what is shown from it (HTML, Markdown, JSON, JUnit, status, why)."""
