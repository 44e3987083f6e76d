// The pop-up in which an OAuth bank asks its customer.

const POLL_MS = 700;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function openBankWindow(url) {
  return window.open(url, "plaid-oauth-bank", "popup,width=480,height=760");
}

// Resolves with the bank's answer, or with null once the customer closed the window or `wanted` says no more.
export async function untilApproved(bank, readStatus, wanted) {
  for (;;) {
    const closed = bank.closed;
    const status = await readStatus();
    if (!wanted()) return null;
    if (status.approved) {
      bank.close();
      return status;
    }
    if (closed) return null;
    await pause(POLL_MS);
  }
}
