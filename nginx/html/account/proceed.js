/** The page of ours that sent somebody here, whatever else the address says; `otherwise` where there is none. */
export function destination(otherwise) {
  const next = new URLSearchParams(location.search).get("next");
  try {
    const url = new URL(next ?? otherwise, location.origin);
    // The whole address, not its path: that of `/.//elsewhere` would be read as another host.
    if (next?.startsWith("/") && url.origin === location.origin && !url.pathname.startsWith("//")) return url.href;
  } catch {
    // Not an address at all.
  }
  return otherwise;
}

/** Leads somebody on who is signed in. */
export function proceed() {
  // Going back must not lead to a login that is over, nor to what was entered for it.
  history.replaceState(null, "");
  location.replace(destination("/dashboard"));
}
