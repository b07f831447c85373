const DESTINATION = "/dashboard";

/** Leads somebody on who is signed in: to the page of ours that sent them here, whatever else the address says. */
export function proceed() {
  const next = new URLSearchParams(location.search).get("next");
  let target = DESTINATION;
  try {
    const url = new URL(next ?? DESTINATION, location.origin);
    // The whole address, not its path: that of `/.//elsewhere` would be read as another host.
    if (next?.startsWith("/") && url.origin === location.origin && !url.pathname.startsWith("//")) target = url.href;
  } catch {
    // Not an address at all.
  }
  // Going back must not lead to a login that is over, nor to what was entered for it.
  history.replaceState(null, "");
  location.replace(target);
}
