// Who is signed in: the host application opens this page as /#access_token=<jwt>. The token moves out of the address
// at once and lives as long as the tab.

const KEY = "cora.access_token";

export function takeToken() {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("access_token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  return sessionStorage.getItem(KEY);
}

export const forgetToken = () => sessionStorage.removeItem(KEY);

// A new sign-in link opened in a tab that already shows the page only changes the fragment.
export function watchForToken() {
  window.addEventListener("hashchange", () => {
    if (window.location.hash.includes("access_token=")) window.location.reload();
  });
}
