// The page that embeds Link. Only messages of the parent window, from the origin it named, are heard; answers go to
// that origin and to no other.

export function createHost(origin, doors) {
  window.addEventListener("message", (message) => {
    if (message.source !== window.parent || message.origin !== origin) return;
    doors[message.data?.link]?.(message.data);
  });
  const send = (link, body = {}) => window.parent.postMessage({ link, ...body }, origin);
  return {
    ready: () => send("ready"),
    event: (name, metadata) => send("event", { name, metadata }),
    succeed: (public_token, metadata) => send("success", { public_token, metadata }),
    exit: (error, metadata) => send("exit", { error, metadata }),
    redirect: (url) => send("redirect", { url }),
  };
}
