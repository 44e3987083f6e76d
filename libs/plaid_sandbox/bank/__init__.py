"""The bank's truth: accounts, transactions and every change of them. It knows nothing of pages, cursors or HTTP."""
