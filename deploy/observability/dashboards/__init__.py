"""The dashboards as data: rows of panels, each a question and the queries that answer it; `make docs` draws them."""
